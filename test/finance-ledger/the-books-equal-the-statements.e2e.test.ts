import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { busPermissions, streams } from '@tollgate/contracts';
import { createPool, type Pool } from '@tollgate/event-log';
import { createUserCreds, type NatsAccountKeys } from '@tollgate/identity';
import { startStack, type TestStack } from '@tollgate/stack';
import { Random } from '../chaos/random.ts';
import {
  callersOf,
  makeOrganization,
  makeToken,
  must,
  request,
  type Callers,
  type Organization,
} from '../support/api.ts';
import { connectWithoutLimits } from '../support/bus-user.ts';
import { eventually } from '../support/eventually.ts';
import { prepaid, receivables, seatRevenue, unbilled } from './bookings.ts';

/** How often the consumer is killed; the long form sets it to 50. */
const kills = Number(process.env['TOLLGATE_TEST_KILLS'] ?? 8);
const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? 20261126);
const random = new Random(seed);
/** However many kills, all of them while there is something to book. 1,000 at most are imported in a call. */
const seatsPerOrganization = Math.min(1_000, 150 * Math.ceil(kills / 8));
const months = 3;
/** Messages that are published again at a time: fewer than the consumer books together, and more than are lost. */
const repeated = 40;

let stack: TestStack;
let callers: Callers;
let nc: NatsConnection;
let pool: Pool;
let environment: NodeJS.ProcessEnv;
let consumer: ChildProcess | undefined;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  nc = await connectWithoutLimits(stack);
  const admin = createPool(stack.secrets.databaseAdminUrl, { name: 'test', max: 1 });
  await admin.query('CREATE DATABASE finance');
  await admin.end();
  const finance = new URL(stack.secrets.databaseAdminUrl);
  finance.pathname = '/finance';
  pool = createPool(finance.href, { name: 'test', max: 1 });
  environment = {
    ...process.env,
    LEDGER_DATABASE_URL: finance.href,
    TOLLGATE_HTTP_URL: stack.url,
    TOLLGATE_NATS_URL: stack.state.natsUrl,
    TOLLGATE_NATS_CREDS: await feedCreds(),
    TOLLGATE_JWT: await callers.jwt({ sub: 'finance', scope: 'billing:read' }),
  };
}, 60_000);
afterAll(async () => {
  consumer?.kill('SIGKILL');
  await pool?.end();
  await nc?.close();
  await stack?.stop();
});

/** What `tollgate nats creds finance --allow billing-feed` prints, in a file. */
async function feedCreds(): Promise<string> {
  const keys = JSON.parse(readFileSync(stack.state.natsAccountKeysFile as string, 'utf8')) as NatsAccountKeys;
  const file = join(stack.dataDir, 'finance.creds');
  writeFileSync(file, await createUserCreds(keys, 'finance', busPermissions('outside:billing-feed')), { mode: 0o600 });
  return file;
}

/** The consumer as finance runs it. */
function startConsumer(): ChildProcess {
  const program = join(import.meta.dirname, 'main.ts');
  consumer = spawn(process.execPath, [program], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  return consumer;
}

const moveClock = async (now: string) => must(200, await callers.operator('PUT', '/v1/dev/clock', { now }));

async function importSeats({ owner, at, service }: Organization): Promise<string[]> {
  const tokens = Array.from({ length: seatsPerOrganization }, (_, index) => ({
    name: `Key ${index}`,
    accountId: service.id,
    scope: { type: 'multi-space' },
    digest: createHash('sha256').update(randomBytes(16)).digest('hex'),
    hint: 'old_...1234',
    acknowledgeBilling: true,
  }));
  const imported = must(201, await owner('POST', at('/tokens/import'), { tokens }));
  return imported.tokens.map(({ id }: { id: string }) => id);
}

/** A top-up, and charges that are captured, released and left to expire. */
async function charge(organization: Organization, month: number): Promise<void> {
  const topUp = { amountMicros: '1000000', reference: `invoice ${month}` };
  must(201, await callers.operator('POST', organization.at('/balance/top-ups'), topUp));
  const { token } = await makeToken(organization);
  const authorization = `Bearer ${await callers.jwt({ sub: 'tools', scope: 'charges:write' })}`;
  const post = (path: string, body: object) =>
    request(`${stack.verifierUrl}/v1/charges${path}`, 'POST', body, { authorization });
  for (const end of [['capture', { amountMicros: '12345' }], ['release', {}], null] as const) {
    const chargeId = `${organization.org.id}.${month}.${end?.[0] ?? 'expires'}`;
    must(201, await post('', { chargeId, tokenId: token.id, tool: 'search', maxAmountMicros: '20000' }));
    if (end) must(200, await post(`/${chargeId}/${end[0]}`, end[1]));
  }
}

/** Months of 2028 with revocations, a plan change and paid calls. */
async function live(organizations: readonly Organization[]): Promise<void> {
  for (let month = 1; month <= months; month++) {
    const revoked = new Map<Organization, string>();
    for (const organization of organizations) revoked.set(organization, (await importSeats(organization))[0]!);
    await moveClock(`2028-0${month}-17T20:00:00.000Z`);
    for (const organization of organizations) await charge(organization, month);
    for (const [{ owner, at }, tokenId] of revoked) {
      must(200, await owner('POST', at(`/tokens/${tokenId}/revoke`), {}));
      if (month === 2) must(200, await owner('POST', at('/plan'), { plan: 'enterprise' }));
    }
    await moveClock(`2028-0${month + 1}-01T00:00:00.000Z`);
  }
}

const booked = async () =>
  (await pool.query<{ n: number }>('SELECT coalesce(sum(sequence), 0)::int AS n FROM ledger.books')).rows[0]!.n;

/** Kills the consumer again and again, each time after it has booked a little more; ends when it did so often enough. */
async function killAtRandom(): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const running = startConsumer();
    const ended = new Promise((resolve) => running.once('exit', resolve));
    const enough = (await eventually(booked, 20_000)) + 1 + Math.floor(random.next() * 150);
    await eventually(async () => expect(await booked()).toBeGreaterThanOrEqual(enough), 30_000);
    await sleep(random.between(0, 15));
    running.kill('SIGKILL');
    await ended;
  }
}

/** Messages of the stream again, in a random order and without the ids by which it drops repetitions. */
async function repeatMessages(count: number): Promise<void> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { state } = await jsm.streams.info(streams.billing);
  for (let sent = 0; sent < count; sent++) {
    const seq = state.first_seq + Math.floor(random.next() * (state.last_seq - state.first_seq));
    const message = await jsm.streams.getMessage(streams.billing, { seq });
    if (message) await jetstream(nc).publish(message.subject, message.data);
  }
}

/** Takes messages out of the stream that the consumer hasn't seen, so that only the log still has them. */
async function loseMessages(count: number): Promise<void> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { state } = await jsm.streams.info(streams.billing);
  for (let lost = 0; lost < count; lost++) await jsm.streams.deleteMessage(streams.billing, state.last_seq - lost * 3);
}

type Json = any;

async function feedOf({ owner, at }: Organization): Promise<Json[]> {
  const items: Json[] = [];
  for (let after = 0; ;) {
    const page = must(200, await owner('GET', at(`/billing/events?limit=200&after=${after}`)));
    items.push(...page.items);
    if (!page.more) return items;
    after = page.after;
  }
}

const journalOf = async ({ org }: Organization): Promise<string[]> =>
  (await pool.query('SELECT body FROM ledger.journal WHERE org_id = $1 ORDER BY sequence', [org.id])).rows.map(
    ({ body }) => body,
  );

/** The balance of each account, of a statement or of all, in minor units. */
async function balancesOf({ org }: Organization, statement: number | null): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ account: string; balance: string }>(
    `SELECT account, sum(amount)::text AS balance FROM ledger.entries
      WHERE org_id = $1 AND ($2::int IS NULL OR statement = $2) GROUP BY account`,
    [org.id, statement],
  );
  return Object.fromEntries(rows.map(({ account, balance }) => [account, balance]));
}

describe('the sample consumer', () => {
  it(
    'killed at random, with repeated, reordered and lost messages, books what the statements say',
    async () => {
      await moveClock('2028-01-03T00:00:00.000Z');
      const organizations = [await makeOrganization(callers), await makeOrganization(callers, { plan: 'core' })];
      await Promise.all([live(organizations), killAtRandom()]);
      await killWithUnacknowledged(startConsumer());
      const running = startConsumer();
      await allDelivered();
      // While it stands still: messages that come again, and messages that only the log still has.
      running.kill('SIGSTOP');
      await consumerInfo(({ num_waiting }) => expect(num_waiting).toBe(0));
      await repeatMessages(repeated);
      await importSeats(organizations[0]!);
      await eventually(async () =>
        expect(await feedOf(organizations[0]!)).toHaveLength(await streamedOf(organizations[0]!)),
      );
      await loseMessages(20);
      running.kill('SIGCONT');
      // It was put to the test: the stream gave it more messages than there are.
      const delivered = await allDelivered();
      expect(delivered.consumer_seq).toBeGreaterThan(delivered.stream_seq);

      for (const organization of organizations) {
        const feed = await feedOf(organization);
        await eventually(async () => expect((await journalOf(organization)).length).toBe(feed.length));
        expect(await journalOf(organization)).toEqual(feed.map((event) => JSON.stringify(event)));
        const statements = must(200, await organization.owner('GET', organization.at('/billing/statements')));
        expect(statements.items).toHaveLength(months);
        let revenue = 0n;
        for (const { no, total } of statements.items) {
          expect(await balancesOf(organization, no)).toEqual({
            [receivables]: total.amount,
            [seatRevenue]: `-${total.amount}`,
            [unbilled]: '0',
          });
          revenue += BigInt(total.amount);
        }
        expect(revenue).toBeGreaterThan(0n);
        const { availableMicros, heldMicros } = must(200, await organization.owner('GET', organization.at('/balance')));
        const paidAhead = BigInt(availableMicros) + BigInt(heldMicros);
        expect(paidAhead).toBe(BigInt(months) * (1_000_000n - 12_345n));
        expect(await balancesOf(organization, null)).toMatchObject({
          [receivables]: String(revenue),
          [unbilled]: '0',
          [prepaid]: String(-paidAhead),
        });
      }
    },
    240_000 + kills * 5_000,
  );

  /**
   * Kills a consumer that was given messages and has acknowledged none of them, so that they come again: whether one of the kills
   * before met such a moment is chance. It stands still while it waits for messages, and gets them all the same.
   */
  async function killWithUnacknowledged(running: ChildProcess): Promise<void> {
    await eventually(async () => {
      running.kill('SIGCONT');
      await allDelivered();
      running.kill('SIGSTOP');
      await repeatMessages(repeated);
      const { num_ack_pending } = await consumerInfo(() => undefined);
      // None if its last question to the stream had just expired.
      expect(num_ack_pending).toBe(repeated);
    }, 60_000);
    running.kill('SIGKILL');
  }

  /** How often messages were given to the consumer, once none is left; some come again after their time to be acknowledged. */
  async function allDelivered(): Promise<{ consumer_seq: number; stream_seq: number }> {
    const { delivered } = await consumerInfo(({ num_pending, num_ack_pending }) =>
      expect([num_pending, num_ack_pending]).toEqual([0, 0]),
    );
    return delivered;
  }

  /** What NATS says of the consumer, once `check` agrees with it. */
  async function consumerInfo(check: (info: ConsumerInfo) => void): Promise<ConsumerInfo> {
    const { consumers } = await jetstreamManager(nc, { checkAPI: false });
    return eventually(async () => {
      const info = await consumers.info(streams.billing, 'finance-ledger');
      check(info);
      return info;
    }, 60_000);
  }

  /** How many events of an organization the stream was given. */
  async function streamedOf({ org }: Organization): Promise<number> {
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    const last = await jsm.streams.getMessage(streams.billing, {
      last_by_subj: `tollgate.billing.${org.id}.seat.opened.v1`,
    });
    return Number(last!.json<{ sequence: string }>().sequence);
  }
});
