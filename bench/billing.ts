import { setTimeout as sleep } from 'node:timers/promises';
import { eventTypes, type RebuildReport } from '@tollgate/contracts';
import type { ServiceHandle } from '@tollgate/stack';
import { must, type Caller } from '../test/support/api.ts';
import { count, megabytes, milliseconds, seconds, type Row, type Section } from './report.ts';
import { memoryOf, startStage, type Stage } from './stage.ts';
import { quantile } from './statistics.ts';

const million = 1_000_000;
const insertMax = 50_000;

/** How large the organizations are. Goals hold for the full sizes alone. */
const full = { small: 10_000, large: 100_000, events: million, accruals: 200, months: 2 };
const short = { small: 1_000, large: 5_000, events: 20_000, accruals: 50, months: 1 };

/** Accruals, closings and rebuilds. A stack of its own, in which only billing-meter and the gateway run. */
export async function benchBilling(quick: boolean): Promise<Section> {
  const stage = await startStage();
  try {
    return await measure(stage, quick);
  } finally {
    await stage.stop();
  }
}

async function measure(stage: Stage, quick: boolean): Promise<Section> {
  // What these make of the same events is measured elsewhere, and most of it would be done at the same time.
  for (const name of ['token-command', 'audit-projector', 'auth-verifier', 'witness'] as const) {
    await stage.stack.service(name).stop();
  }
  const sizes = quick ? short : full;
  const log = new EventWriter(stage);
  const finance = await stage.callers.service('finance', 'billing:read');
  await log.moveClock(createdAt);
  // Billed by the year, so that its period stays open.
  await log.organization(1, 'P1Y');
  await log.seats(1, sizes.small);
  await log.organization(2, 'P1M');
  await log.seats(2, sizes.small);
  await log.organization(3, 'P1M');
  await log.seats(3, sizes.large);
  for (const org of [1, 2, 3]) await told(stage, org, org === 3 ? sizes.large : sizes.small);
  await stage.admin.query('VACUUM ANALYZE');
  const rows = [
    await accruals(finance, sizes.small, sizes.accruals, !quick),
    ...(await closings(stage, log, sizes, !quick)),
    ...(await rebuilds(stage, log, sizes, !quick)),
  ];
  return {
    title: 'Seats and statements',
    method: `billing-meter as a process of its own on a log that was written beforehand. Accruals: \`GET …/billing/accrual\` over HTTP, one after another, with 50 seats on the page. Closing: until the statement is issued, from the moment authority time passes the end of the period and the grace or, for the larger organization, from the statement before; each seat is worked out, its line appended to the log, applied to the read model and published to JetStream meanwhile; the organization of ${count(sizes.large)} seats closes ${sizes.months} periods, each after a comparison of the statement before with the log. Resident memory of the process, before and at most. Rebuild: \`tollgate projections rebuild\`, from the first event until both tables were compared and switched.`,
    columns: ['time', 'p95', 'per second', 'memory before', 'at most'],
    rows,
  };
}

async function accruals(finance: Caller, seats: number, rounds: number, goal: boolean): Promise<Row> {
  const tookMs: number[] = [];
  const ask = async () => must(200, await finance('GET', `/v1/orgs/${orgId(1)}/billing/accrual`));
  for (let n = 0; n < 20; n++) await ask();
  for (let n = 0; n < rounds; n++) {
    const sentMs = performance.now();
    const { seats: counted } = await ask();
    tookMs.push(performance.now() - sentMs);
    if (counted !== seats) throw new Error(`The accrual has ${counted} seats and there are ${seats}.`);
  }
  const [p50, p95] = [quantile(tookMs, 0.5), quantile(tookMs, 0.95)];
  return {
    what: `accrual of ${count(seats)} seats`,
    figures: [milliseconds(p50), milliseconds(p95), '', '', ''],
    ...(goal ? { goal: 'p95 ≤ 50 ms', reached: p95 <= 50 } : {}),
  };
}

async function closings(stage: Stage, log: EventWriter, sizes: typeof full, goal: boolean): Promise<Row[]> {
  const meter = stage.stack.service('billing-meter');
  const rows: Row[] = [];
  for (let period = 1; period <= sizes.months; period++) {
    await log.moveClock(dueAt(period));
    // Both end at the same time; the smaller one was registered first and closes first.
    for (const [org, seats] of [
      [2, sizes.small],
      [3, sizes.large],
    ] as const) {
      const watch = new MemoryWatch(meter);
      const startedMs = performance.now();
      await issued(stage, org, period);
      const ms = performance.now() - startedMs;
      const { beforeBytes, peakBytes } = watch.end();
      rows.push({
        what: `closing ${count(seats)} seats, period ${period}`,
        figures: [seconds(ms), '', count(seats / (ms / 1000)), megabytes(beforeBytes), megabytes(peakBytes)],
        ...(goal && org === 3 ? { goal: '≤ 20 s', reached: ms <= 20_000 } : {}),
      });
    }
  }
  return rows;
}

async function rebuilds(
  stage: Stage,
  log: EventWriter,
  { events, months }: typeof full,
  goal: boolean,
): Promise<Row[]> {
  const heads = async () => {
    const { rows } = await stage.admin.query<{ main: number; billing: number }>(
      `SELECT (SELECT position FROM log.head)::int AS main, (SELECT position FROM billing_log.head)::int AS billing`,
    );
    return rows[0]!;
  };
  const before = await heads();
  await log.others(Math.max(0, events - before.main - before.billing), dueAt(months));
  const { main, billing } = await heads();
  // Until the read model has them, so that there is something to compare with.
  await caughtUp(stage);
  const meter = stage.stack.service('billing-meter');
  const timed = async (projection: string, position: number): Promise<[number, MemoryWatch]> => {
    const watch = new MemoryWatch(meter);
    const startedMs = performance.now();
    const report = must(
      200,
      await stage.callers.operator('POST', `/v1/projections/${projection}/rebuild`),
    ) as RebuildReport;
    if (!report.identical || report.position < position) throw new Error(`Not rebuilt: ${JSON.stringify(report)}`);
    return [performance.now() - startedMs, watch];
  };
  const rows: Row[] = [];
  let sumMs = 0;
  for (const [projection, position, what] of [
    ['seats', main, 'seats from the log'],
    ['ledger', billing, 'statements and lines from the billing log'],
  ] as const) {
    const [ms, watch] = await timed(projection, position);
    const { beforeBytes, peakBytes } = watch.end();
    sumMs += ms;
    rows.push({
      what: `rebuild of ${what}, ${count(position)} events`,
      figures: [seconds(ms), '', count(position / (ms / 1000)), megabytes(beforeBytes), megabytes(peakBytes)],
    });
  }
  rows.push({
    what: `both, ${count(main + billing)} events`,
    figures: [seconds(sumMs), '', count((main + billing) / (sumMs / 1000)), '', ''],
    ...(goal ? { goal: '≤ 60 s', reached: sumMs <= 60_000 } : {}),
  });
  return rows;
}

/** Resident memory of a process, looked at until the end. */
class MemoryWatch {
  readonly #beforeBytes: number;
  readonly #timer: NodeJS.Timeout;
  #peakBytes: number;

  constructor(service: ServiceHandle) {
    this.#beforeBytes = this.#peakBytes = memoryOf(service).residentBytes;
    this.#timer = setInterval(() => {
      this.#peakBytes = Math.max(this.#peakBytes, memoryOf(service).residentBytes);
    }, 50);
  }

  end(): { beforeBytes: number; peakBytes: number } {
    clearInterval(this.#timer);
    return { beforeBytes: this.#beforeBytes, peakBytes: this.#peakBytes };
  }
}

/** Waits until finance was told of every seat: what happens at the creation of tokens is not part of their closing. */
async function told(stage: Stage, org: number, seats: number): Promise<void> {
  const text = `SELECT count(*)::int AS n FROM billing.seat_records WHERE org_id = $1`;
  await until(stage, text, [orgId(org)], (n) => n >= seats);
  // And until the stream has carried it.
  const carried = `SELECT ((SELECT position FROM billing_log.head) - coalesce((SELECT position FROM billing.publisher), 0))::int AS n`;
  await until(stage, carried, [], (n) => n === 0);
}

async function caughtUp(stage: Stage): Promise<void> {
  const text = `SELECT ((SELECT position FROM log.head) - position)::int AS n
                  FROM billing.projection_checkpoints WHERE name = 'seats' AND live`;
  await until(stage, text, [], (n) => n === 0);
}

async function issued(stage: Stage, org: number, no: number): Promise<void> {
  const text = 'SELECT count(*)::int AS n FROM billing.statements WHERE org_id = $1 AND no = $2 AND issue IS NOT NULL';
  await until(stage, text, [orgId(org), no], (n) => n === 1);
}

async function until(
  { admin }: Stage,
  text: string,
  values: unknown[],
  reached: (n: number) => boolean,
): Promise<void> {
  const deadlineMs = performance.now() + 300_000;
  while (!reached((await admin.query<{ n: number }>(text, values)).rows[0]!.n)) {
    if (performance.now() > deadlineMs) throw new Error(`Never came true: ${text}`);
    await sleep(50);
  }
}

const orgId = (org: number) => `org_${String(org).padStart(26, '0')}`;
const createdAt = '2027-01-10T09:00:00.000Z';
/** The grace after the end of the month-th period. */
const dueAt = (month: number) => new Date(Date.UTC(2027, month, 1, 0, 5)).toISOString();

const meta = {
  actor: { type: 'account', id: 'acc_00000000000000000000000001' },
  correlationId: 'bench',
  causationId: 'bench',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
};

/** Writes events into the main log as an administrator, many at a time: what a closing reads and no benchmark waits for. */
class EventWriter {
  readonly #admin: Stage['admin'];

  constructor({ admin }: Stage) {
    this.#admin = admin;
  }

  async organization(org: number, interval: 'P1M' | 'P1Y'): Promise<void> {
    const data = {
      name: 'Acme',
      plan: 'pro',
      currency: 'EUR',
      timeZone: 'UTC',
      billing: { anchor: '2027-01-01T00:00:00.000Z', interval, policy: 'second.v1' },
      mcpUrl: null,
    };
    await this.#insert(org, 'OrganizationRegistered', 1, createdAt, {
      stream: `'organization-${orgId(org)}'`,
      data: `'${JSON.stringify(data)}'::jsonb`,
    });
  }

  async seats(org: number, many: number): Promise<void> {
    const token = `'tok_' || lpad((${org * 10 * million} + before + n)::text, 26, '0')`;
    const data = {
      ...{ name: 'Key', accountId: meta.actor.id, scope: { type: 'multi-space' }, product: 'default' },
      ...{ environment: 'live', teamId: null, expiresAt: null, hint: 'sk_live_...9f3c', prefix: 'sk_live_' },
      ...{ digest: 'a'.repeat(64), managed: false, billable: true, agent: null, imported: true },
    };
    for (let written = 0; written < many; written += insertMax) {
      await this.#insert(org, 'TokenCreated', Math.min(insertMax, many - written), createdAt, {
        stream: `'token-' || ${token}`,
        data: `'${JSON.stringify(data)}'::jsonb || jsonb_build_object('tokenId', ${token})`,
      });
    }
  }

  /** Events that move no seat, as most are. `at` is the time until which periods are closed, so that none closes by them. */
  async others(many: number, at: string): Promise<void> {
    const token = `'tok_' || lpad(n::text, 26, '0')`;
    for (let written = 0; written < many; written += insertMax) {
      await this.#insert(3, 'TokenRenamed', Math.min(insertMax, many - written), at, {
        stream: `'token-renamed-' || before + n`,
        data: `jsonb_build_object('tokenId', ${token}, 'name', 'Key ' || n, 'previous', 'Key')`,
      });
    }
  }

  async moveClock(now: string): Promise<void> {
    const data = JSON.stringify({ now, offsetMs: Date.parse(now) - Date.now() });
    await this.#insert(null, 'ClockMoved', 1, now, {
      stream: `'clock-development-' || before`,
      data: `'${data}'::jsonb`,
    });
  }

  /** @param parts SQL of the stream's name and the data, of `before` (the position before the first) and `n` (1, 2, 3 …) */
  async #insert(
    org: number | null,
    type: 'OrganizationRegistered' | 'TokenCreated' | 'TokenRenamed' | 'ClockMoved',
    many: number,
    at: string,
    { stream, data }: { stream: string; data: string },
  ): Promise<void> {
    const { category, version } = eventTypes[type];
    await this.#admin.query(
      `WITH head AS (UPDATE log.head SET position = position + $1, last_at = $2 RETURNING position - $1 AS before)
       INSERT INTO log.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
       SELECT before + n, 'evt_' || md5((before + n)::text), ${stream}, 1, $3, $4, $5, $6, $2, ${data}, $7::jsonb
         FROM head, generate_series(1, $1) AS n`,
      [many, at, category, type, version, org === null ? null : orgId(org), JSON.stringify(meta)],
    );
  }
}
