import { readFile } from 'node:fs/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  billingAccrual,
  billingCloseDue,
  billingEvents,
  billingExplain,
  billingLines,
  billingQuote,
  billingReconcile,
  billingStatement,
  billingStatements,
  defaultProduct,
  principalsResolve,
  rebuildLedger,
  starterPrices,
  streams,
  type BillingEventPage,
  type EventData,
  type Plan,
  type StatementLine,
  type StatementLinePage,
  type TollgateEvent,
} from '@tollgate/contracts';
import { explainLine } from '@tollgate/proration';
import { until } from '@tollgate/event-log/testing';
import type { RunningService } from '@tollgate/runtime';
import { startStage, type Stage } from '@tollgate/runtime/testing';
import { billingMeter } from './service.ts';
import { ids, tokenCreated } from './testing/events.ts';

const finance = { sub: 'finance', scope: 'billing:read' };
const operator = { sub: 'operator', scope: 'platform:operate' };
const owner = { sub: ids.account };

let stage: Stage;
let meter: RunningService;
let organizations = 0;
let tokens = 0;

beforeAll(async () => {
  stage = await startStage();
  const account = { id: ids.account, kind: 'member', role: 'owner', active: true, administersSpace: false } as const;
  await stage.standIn(principalsResolve, () => ({ account }));
  await append(null, 'product-default', '2025-01-01T00:00:00.000Z', [
    { type: 'ProductRegistered', data: defaultProduct },
    ...starterPrices('default').map((data) => ({ type: 'SeatPriceSet' as const, data })),
  ]);
  await stage.log.startRelay();
  meter = await stage.run(billingMeter);
});
afterAll(() => stage?.stop());

const append = (orgId: string | null, stream: string, at: string, events: TollgateEvent[]) =>
  stage.log.append({ orgId, stream, at, events });

async function organization(at: string, changes: Partial<EventData<'OrganizationRegistered'>> = {}): Promise<string> {
  const orgId = `org_${String(++organizations).padStart(26, '0')}`;
  const data: EventData<'OrganizationRegistered'> = {
    name: 'Acme',
    plan: 'pro',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing: { anchor: '2026-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
    mcpUrl: null,
    ...changes,
  };
  await append(orgId, `organization-${orgId}`, at, [{ type: 'OrganizationRegistered', data }]);
  return orgId;
}

async function token(orgId: string, at: string, changes: Partial<EventData<'TokenCreated'>> = {}): Promise<string> {
  const tokenId = ids.token(++tokens);
  const data = tokenCreated({ tokenId, ...changes });
  await append(orgId, `token-${tokenId}`, at, [{ type: 'TokenCreated', data }]);
  return tokenId;
}

const revoke = (orgId: string, tokenId: string, at: string) =>
  append(orgId, `token-${tokenId}`, at, [{ type: 'TokenRevoked', data: { tokenId, reason: null } }]);

const changePlan = (orgId: string, plan: Plan, previous: Plan, at: string) =>
  append(orgId, `organization-${orgId}`, at, [{ type: 'PlanChanged', data: { plan, previous } }]);

/** As the authority does: moves the clock and waits for what falls due. */
async function moveClock(now: string): Promise<void> {
  const data = { now, offsetMs: Date.parse(now) - Date.now() };
  const position = await append(null, 'clock-development', now, [{ type: 'ClockMoved', data }]);
  await (await stage.busOf('token-command')).call(billingCloseDue, { position }, { timeoutMs: 60_000 });
}

const statementsOf = async (org: string) => (await stage.call(billingStatements, { org }, finance)).items;

async function linesOf(org: string, no: number): Promise<StatementLine[]> {
  const { body } = await stage.call(billingLines, { org, no, limit: 200 }, finance);
  return (JSON.parse(body) as StatementLinePage).items;
}

async function eventsOf(org: string) {
  const { body } = await stage.call(billingEvents, { org, limit: 200 }, finance);
  return (JSON.parse(body) as BillingEventPage).items;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${meter.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}

const reconcile = (org?: string) => stage.call(billingReconcile, org ? { org } : {}, operator);

/** The clock only moves forward, so every test has months of its own. */
describe('a statement', () => {
  it('is issued when the period and the grace have passed, and not before', async () => {
    const org = await organization('2027-01-10T00:00:00.000Z');
    const tokenId = await token(org, '2027-01-15T23:00:00.000Z');
    await moveClock('2027-01-31T23:04:59.000Z');
    expect(await statementsOf(org)).toEqual([]);
    await moveClock('2027-01-31T23:05:00.000Z');
    const [statement, ...others] = await statementsOf(org);
    expect(others).toEqual([]);
    expect(statement).toMatchObject({
      no: 1,
      period: { start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' },
      lines: 1,
      adjustments: 0,
      // 16 of 31 days of 2900
      total: { amount: '1497', currency: 'EUR' },
      policy: 'second.v1',
      timeZone: 'Europe/Berlin',
      tzdb: process.versions['tz'],
    });
    expect(await stage.call(billingStatement, { org, no: 1 }, finance)).toEqual(statement);
    await expect(stage.call(billingStatement, { org, no: 2 }, finance)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [line] = await linesOf(org, 1);
    expect(line).toMatchObject({ kind: 'line', no: 1, lineNo: 1, tokenId, amount: { amount: '1497' } });
  });

  it('costs what the quote said before the token was made', async () => {
    const org = await organization('2027-02-01T00:00:00.000Z');
    const at = '2027-02-11T09:17:23.456Z';
    const { firstPeriod } = await stage.call(billingQuote, { org, at }, owner);
    await token(org, at);
    await moveClock('2027-02-28T23:10:00.000Z');
    const [statement] = await statementsOf(org);
    expect(statement?.total).toEqual(firstPeriod.amount);
    const [line] = await linesOf(org, 1);
    expect(line).toMatchObject({ numerator: firstPeriod.numerator, denominator: firstPeriod.denominator });
  });

  it('splits at plan changes, ends at revocation and expiry, and explains every line', async () => {
    const org = await organization('2027-03-01T00:00:00.000Z', { plan: 'core' });
    await token(org, '2027-03-02T00:00:00.000Z');
    await token(org, '2027-03-02T01:00:00.000Z', { expiresAt: '2027-03-20T00:00:00.000Z' });
    const gone = await token(org, '2027-03-03T00:00:00.000Z', { scope: { type: 'single-space', spaceId: ids.space } });
    await token(org, '2027-03-03T00:00:00.000Z', { environment: 'test' });
    await revoke(org, gone, '2027-03-10T12:00:00.000Z');
    await changePlan(org, 'pro', 'core', '2027-03-15T08:00:00.000Z');
    await moveClock('2027-04-01T00:00:00.000Z');
    const lines = await linesOf(org, 1);
    expect(lines.map((line) => line.kind === 'line' && [line.plan, line.interval.end, line.unitPrice.amount])).toEqual([
      ['core', '2027-03-15T08:00:00.000Z', '1900'],
      ['pro', '2027-03-31T22:00:00.000Z', '2900'],
      ['core', '2027-03-15T08:00:00.000Z', '1900'],
      ['pro', '2027-03-20T00:00:00.000Z', '2900'],
      ['core', '2027-03-10T12:00:00.000Z', '900'],
      ['core', '2027-03-15T08:00:00.000Z', '0'],
      ['pro', '2027-03-31T22:00:00.000Z', '0'],
    ]);
    const [statement] = await statementsOf(org);
    expect(statement?.total.amount).toBe(String(lines.reduce((sum, { amount }) => sum + Number(amount.amount), 0)));
    for (const line of lines) {
      const explained = await stage.call(billingExplain, { org, id: line.id }, finance);
      expect(explained).toMatchObject({ line: { id: line.id }, differences: [] });
      expect(explained.events.map(({ id }) => id)).toEqual(line.evidence.map(({ id }) => id));
      expect(JSON.stringify(explained.events)).not.toContain('digest');
      if (line.kind === 'line') expect(explainLine(line).differences).toEqual([]);
    }
  });

  it('never changes; a late fact is adjusted in the next one and names what it adjusts', async () => {
    const org = await organization('2027-04-02T00:00:00.000Z');
    const tokenId = await token(org, '2027-04-02T00:00:00.000Z');
    await moveClock('2027-04-30T22:10:00.000Z');
    const before = await linesOf(org, 1);
    // The log is later than this already; the event is about the month before.
    const late = '2027-04-21T22:00:00.000Z';
    const position = await lateRevocation(org, tokenId, late);
    await moveClock('2027-05-31T22:10:00.000Z');
    expect(await linesOf(org, 1)).toEqual(before);
    const [adjustment, ...others] = await linesOf(org, 2);
    expect(others).toEqual([]);
    const [line] = before;
    expect(adjustment).toMatchObject({
      kind: 'adjustment',
      tokenId,
      adjusts: { statement: 1, lines: [line!.id] },
      billed: line!.amount,
      evidence: [{ position, type: 'TokenRevoked' }],
    });
    const corrected = adjustment?.kind === 'adjustment' ? adjustment.corrected : [];
    expect(corrected).toMatchObject([{ interval: { end: late } }]);
    const explained = await stage.call(billingExplain, { org, id: adjustment!.id }, finance);
    expect(explained.differences).toEqual([]);
    expect(Number(adjustment!.amount.amount)).toBe(Number(corrected[0]!.amount.amount) - Number(line!.amount.amount));
    expect((await statementsOf(org))[1]).toMatchObject({ lines: 0, adjustments: 1, total: adjustment!.amount });
    expect(await reconcile(org)).toMatchObject({ agrees: true, differences: [] });
  });
});

const lateRevocation = (orgId: string, tokenId: string, at: string) =>
  lateEvent(orgId, `token-${tokenId}`, 'TokenRevoked', at, { tokenId, reason: null });

/** Writes an event whose time lies before what the log has, as an authority that was stalled might. */
async function lateEvent(
  orgId: string,
  stream: string,
  type: 'TokenRevoked' | 'PlanChanged',
  at: string,
  data: object,
): Promise<number> {
  const { rows } = await stage.db.admin.query<{ position: number }>(
    `WITH head AS (UPDATE log.head SET position = position + 1 RETURNING position)
     INSERT INTO log.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
     SELECT position, 'evt_late_' || position, $2, 2, split_part($2, '-', 1), $3, 1, $1, $4, $5, meta
       FROM head, (SELECT meta FROM log.events LIMIT 1) AS any_event RETURNING position`,
    [orgId, stream, type, at, JSON.stringify(data)],
  );
  return rows[0]!.position;
}

describe("finance's feed", () => {
  it('tells of seats, periods, lines and statements, gap-free, by pull and by stream, the same to the byte', async () => {
    const org = await organization('2027-06-01T00:00:00.000Z', { plan: 'core' });
    const tokenId = await token(org, '2027-06-02T00:00:00.000Z');
    await changePlan(org, 'pro', 'core', '2027-06-10T00:00:00.000Z');
    await revoke(org, tokenId, '2027-06-20T00:00:00.000Z');
    const short = await token(org, '2027-06-21T00:00:00.000Z', { expiresAt: '2027-06-25T00:00:00.000Z' });
    await moveClock('2027-07-01T00:00:00.000Z');
    const events = await eventsOf(org);
    expect(events.map(({ type, time }) => [type, time])).toEqual([
      ['seat.opened.v1', '2027-06-02T00:00:00.000Z'],
      ['seat.repriced.v1', '2027-06-10T00:00:00.000Z'],
      ['seat.closed.v1', '2027-06-20T00:00:00.000Z'],
      ['seat.opened.v1', '2027-06-21T00:00:00.000Z'],
      ['seat.closed.v1', '2027-06-25T00:00:00.000Z'],
      ['period.closed.v1', '2027-06-30T22:00:00.000Z'],
      ['line.posted.v1', '2027-06-10T00:00:00.000Z'],
      ['line.posted.v1', '2027-06-20T00:00:00.000Z'],
      ['line.posted.v1', '2027-06-25T00:00:00.000Z'],
      ['statement.issued.v1', '2027-06-30T22:00:00.000Z'],
    ]);
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, index) => index + 1));
    expect(events[4]).toMatchObject({ subject: short, data: { reason: 'expired' } });
    expect(await streamed(org, events.length)).toEqual(events.map((event) => JSON.stringify(event)));
    const after = JSON.parse((await stage.call(billingEvents, { org, after: 8 }, finance)).body) as BillingEventPage;
    expect(after).toEqual({ items: events.slice(8), after: 10, more: false });
    const csv = await stage.call(billingEvents, { org, format: 'csv' }, finance);
    expect(csv.body.split('\r\n')).toHaveLength(events.length + 2);
  });
});

/** What the stream holds of an organization, as text. */
async function streamed(org: string, count: number): Promise<string[]> {
  const nc = await connect({
    servers: stage.nats.url,
    authenticator: credsAuthenticator(await readFile(await stage.nats.credsFor('outside:billing-feed'))),
  });
  try {
    const consumer = await jetstream(nc).consumers.get(streams.billing, {
      filter_subjects: `tollgate.billing.${org}.>`,
    });
    const bodies: string[] = [];
    for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 }))
      bodies.push(message.string());
    return bodies;
  } finally {
    await nc.close();
  }
}

describe('the books', () => {
  it('are the same after a rebuild', async () => {
    expect(await stage.call(rebuildLedger, {}, operator)).toMatchObject({ identical: true, differences: [] });
  });

  it('agree with the log; a line that was changed by hand stops the closing, and is named', async () => {
    const org = await organization('2027-07-02T00:00:00.000Z');
    await token(org, '2027-07-02T00:00:00.000Z');
    await moveClock('2027-08-01T00:00:00.000Z');
    expect(await reconcile()).toMatchObject({ agrees: true, differences: [], halted: [] });
    const change = (sql: string) => stage.db.admin.query(sql, [org]);
    await change(
      `UPDATE billing.lines SET amount = '1', data = jsonb_set(data, '{amount,amount}', '"1"') WHERE org_id = $1`,
    );
    await moveClock('2027-09-01T00:00:00.000Z');
    expect(await statementsOf(org)).toHaveLength(1);
    const report = await reconcile();
    expect(report.agrees).toBe(false);
    expect(report.differences[0]).toMatch(/^line lin_\w+ of statement 1 of org_\w+ is not what the log says/);
    expect(report.halted).toEqual([{ org, reason: report.differences[0] }]);
    expect(await metric('tollgate_billing_drift')).toBe(report.differences.length);
    expect(await metric('tollgate_billing_halted_organizations')).toBe(1);
    // The rebuild heals the read model; then the books agree and the closing goes on.
    expect(await stage.call(rebuildLedger, {}, operator)).toMatchObject({ identical: false });
    expect(await reconcile()).toMatchObject({ agrees: true, halted: [] });
    expect(await metric('tollgate_billing_drift')).toBe(0);
    await moveClock('2027-09-01T00:00:01.000Z');
    expect(await statementsOf(org)).toHaveLength(2);
  });

  it('notice a seat that was changed by hand', async () => {
    const org = await organization('2027-09-02T00:00:00.000Z');
    const tokenId = await token(org, '2027-09-02T00:00:00.000Z');
    await moveClock('2027-09-03T00:00:00.000Z');
    await stage.db.admin.query('UPDATE billing.seats SET billable = false WHERE token_id = $1', [tokenId]);
    expect((await reconcile(org)).differences).toEqual([`the seat ${tokenId} of ${org} is not what the log says`]);
    await stage.db.admin.query('UPDATE billing.seats SET billable = true WHERE token_id = $1', [tokenId]);
    expect((await reconcile(org)).agrees).toBe(true);
  });
});

describe('the accrual', () => {
  it('is what the period has cost so far, and what the statement will say', async () => {
    const org = await organization('2027-10-01T00:00:00.000Z');
    const tokenId = await token(org, '2027-10-01T00:00:00.000Z');
    await token(org, '2027-10-05T00:00:00.000Z', { environment: 'test' });
    await moveClock('2027-10-15T22:00:00.000Z');
    const at = '2027-10-16T10:00:00.000Z';
    const accrual = await stage.call(billingAccrual, { org, at }, finance);
    expect(accrual).toMatchObject({
      at,
      seats: 2,
      items: [{ tokenId }, { accrued: { amount: '0' } }],
      nextCursor: null,
    });
    // From 2 o'clock on the 1st: 15 days and 10 hours of 31 days and the hour that autumn adds; 30 days 23 hours of it.
    expect(accrual.accrued.amount).toBe(String(Math.round((2900 * (15 * 24 + 10)) / (31 * 24 + 1))));
    await moveClock('2027-11-01T00:00:00.000Z');
    expect((await statementsOf(org))[0]?.total).toEqual(accrual.projected);
  });

  it('pages, and counts all seats on every page', async () => {
    const org = await organization('2027-11-02T00:00:00.000Z');
    for (let count = 0; count < 3; count++) await token(org, '2027-11-03T00:00:00.000Z');
    await moveClock('2027-11-04T00:00:00.000Z');
    const first = await stage.call(billingAccrual, { org, limit: 2 }, finance);
    const second = await stage.call(billingAccrual, { org, limit: 2, cursor: first.nextCursor! }, finance);
    expect([first.seats, first.items.length, second.seats, second.items.length]).toEqual([3, 2, 3, 1]);
    expect(second.nextCursor).toBeNull();
  });
});

describe('the lines as CSV', () => {
  it('have a row each, and everything to work them out again', async () => {
    const [org] = [await organization('2027-11-05T00:00:00.000Z')];
    await token(org, '2027-11-05T00:00:00.000Z');
    await moveClock('2027-12-01T00:00:00.000Z');
    const { body, contentType, next } = await stage.call(billingLines, { org, no: 1, format: 'csv' }, finance);
    expect([contentType, next]).toEqual(['text/csv; charset=utf-8', null]);
    const [names, row, end] = body.split('\r\n').map((line) => line.split(','));
    expect(row).toHaveLength(names!.length);
    expect(end).toEqual(['']);
    expect(row![names!.indexOf('amount')]).toBe((await linesOf(org, 1))[0]!.amount.amount);
  });
});

describe('terms that change', () => {
  it('a year is a period like a month', async () => {
    const org = await organization('2027-12-02T00:00:00.000Z', {
      billing: { anchor: '2026-12-31T23:00:00.000Z', interval: 'P1Y', policy: 'second.v1' },
    });
    await token(org, '2027-12-02T23:00:00.000Z');
    await moveClock('2028-01-01T00:00:00.000Z');
    // 29 of 365 days of 2900
    expect(await statementsOf(org)).toMatchObject([
      {
        no: 1,
        period: { start: '2026-12-31T23:00:00.000Z', end: '2027-12-31T23:00:00.000Z' },
        total: { amount: '230' },
      },
    ]);
    expect(await linesOf(org, 1)).toMatchObject([{ denominator: 365 * 86_400, numerator: 29 * 86_400 }]);
  });

  it('a price holds from its instant on, also when that is the boundary of a period, and finance is told', async () => {
    const boundary = '2028-01-31T23:00:00.000Z';
    const within = '2028-02-14T23:00:00.000Z';
    const price = (amount: string, effectiveFrom: string) => ({
      type: 'SeatPriceSet' as const,
      data: {
        product: 'shop',
        plan: 'pro',
        scope: 'multi-space',
        currency: null,
        amount,
        effectiveFrom,
      } as const,
    });
    await append(null, 'product-shop', '2028-01-02T00:00:00.000Z', [
      price('3100', '2028-01-02T00:00:00.000Z'),
      price('6200', boundary),
      price('9300', within),
    ]);
    const org = await organization('2028-01-03T00:00:00.000Z');
    const tokenId = await token(org, '2028-01-15T23:00:00.000Z', { product: 'shop' });
    const [before, after] = await Promise.all(
      ['2028-01-31T22:59:59.000Z', boundary].map((at) => stage.call(billingQuote, { org, product: 'shop', at }, owner)),
    );
    expect([before!.recurring.amount, after!.recurring.amount]).toEqual(['3100', '6200']);
    await moveClock('2028-02-29T23:10:00.000Z');
    const lines = [...(await linesOf(org, 1)), ...(await linesOf(org, 2))];
    expect(
      lines.map((line) => line.kind === 'line' && [line.unitPrice.amount, line.interval, line.amount.amount]),
    ).toEqual([
      // 16 of 31 days; then 14 and 15 of the 29 that this February has
      ['3100', { start: '2028-01-15T23:00:00.000Z', end: boundary }, '1600'],
      ['6200', { start: boundary, end: within }, '2993'],
      ['9300', { start: within, end: '2028-02-29T23:00:00.000Z' }, '4810'],
    ]);
    const told = (await eventsOf(org)).filter(({ type }) => type.startsWith('seat.'));
    expect(told.map(({ type, time, subject }) => [type, time, subject])).toEqual([
      ['seat.opened.v1', '2028-01-15T23:00:00.000Z', tokenId],
      ['seat.repriced.v1', boundary, tokenId],
      ['seat.repriced.v1', within, tokenId],
    ]);
    expect(await reconcile(org)).toMatchObject({ agrees: true });
  });

  it('a late plan adjusts every seat, and a later fact adjusts what was adjusted', async () => {
    const org = await organization('2028-03-01T00:00:00.000Z', { plan: 'core' });
    const tokenIds = [await token(org, '2028-03-02T00:00:00.000Z'), await token(org, '2028-03-03T00:00:00.000Z')];
    await moveClock('2028-03-31T22:10:00.000Z');
    const lines = await linesOf(org, 1);
    const plan = { plan: 'pro', previous: 'core' };
    await lateEvent(org, `organization-${org}`, 'PlanChanged', '2028-03-15T23:00:00.000Z', plan);
    await moveClock('2028-04-30T22:10:00.000Z');
    const adjustments = (await linesOf(org, 2)).filter(({ kind }) => kind === 'adjustment');
    expect(adjustments).toMatchObject(
      tokenIds.map((tokenId, index) => ({ tokenId, adjusts: { statement: 1, lines: [lines[index]!.id] } })),
    );
    // The first seat was revoked before the plan had changed: of the month nothing but those days is left.
    await lateRevocation(org, tokenIds[0]!, '2028-03-12T00:00:00.000Z');
    await moveClock('2028-05-31T22:10:00.000Z');
    const again = (await linesOf(org, 3)).filter(({ kind }) => kind === 'adjustment');
    expect(again).toMatchObject([
      { tokenId: tokenIds[0], adjusts: { statement: 1, lines: [lines[0]!.id, adjustments[0]!.id] } },
      // April was billed as well, and the seat was gone.
      { tokenId: tokenIds[0], adjusts: { statement: 2 }, corrected: [] },
    ]);
    // 10 days of the 31 of March, less the hour that spring takes, at 1900.
    const march = [lines[0]!, adjustments[0]!, again[0]!];
    expect(march.reduce((sum, { amount }) => sum + Number(amount.amount), 0)).toBe(
      Math.round((1900 * 10 * 24) / (31 * 24 - 1)),
    );
    for (const { id } of [...adjustments, ...again]) {
      expect(await stage.call(billingExplain, { org, id }, finance)).toMatchObject({ differences: [] });
    }
    expect(await reconcile(org)).toMatchObject({ agrees: true, differences: [] });
  });
});

describe('the stream', () => {
  it('that was deleted is filled again from the first event, the same to the byte', async () => {
    const org = await organization('2028-06-01T00:00:00.000Z');
    await token(org, '2028-06-01T00:00:00.000Z');
    await moveClock('2028-07-01T00:00:00.000Z');
    const count = (await eventsOf(org)).length;
    const before = await streamed(org, count);
    const nc = await connect({
      servers: stage.nats.url,
      authenticator: credsAuthenticator(await readFile(await stage.nats.credsFor('admin', 'everything'))),
    });
    await (await jetstreamManager(nc, { checkAPI: false })).streams.delete(streams.billing);
    await nc.close();
    // The next event finds that the stream is gone.
    const other = await organization('2028-07-02T00:00:00.000Z');
    await token(other, '2028-07-02T00:00:00.000Z');
    await until('the stream is there again', async () => (await streamed(other, 1).catch(() => [])).length === 1);
    expect(await streamed(org, count)).toEqual(before);
    expect(await reconcile()).toMatchObject({ agrees: true, differences: [] });
  });
});
