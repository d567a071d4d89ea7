import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, type Pool } from '@tollgate/event-log';
import { startStack, type TestStack } from '@tollgate/stack';
import { callersOf, makeOrganization, makeToken, must, type Callers, type Organization } from '../support/api.ts';
import { runTollgate } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

/** How often billing-meter is killed in the middle of a closing; the long form sets it to 50. */
const kills = Number(process.env['TOLLGATE_TEST_KILLS'] ?? 5);

let stack: TestStack;
let callers: Callers;
let pool: Pool;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  pool = createPool(stack.secrets.databaseAdminUrl, { name: 'test', max: 1 });
}, 60_000);
afterAll(async () => {
  await pool?.end();
  await stack?.stop();
});

const moveClock = async (now: string) => must(200, await callers.operator('PUT', '/v1/dev/clock', { now }));

type Json = any;

const statementsOf = async ({ owner, at }: Organization): Promise<Json[]> =>
  must(200, await owner('GET', at('/billing/statements?limit=200'))).items;

async function linesOf({ owner, at }: Organization, no: number): Promise<Json[]> {
  const items: Json[] = [];
  for (let cursor = ''; ;) {
    const page = must(200, await owner('GET', at(`/billing/statements/${no}/lines?limit=200${cursor}`)));
    items.push(...page.items);
    if (!page.nextCursor) return items;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

async function feedOf({ owner, at }: Organization): Promise<Json[]> {
  const items: Json[] = [];
  for (let after = 0; ;) {
    const page = must(200, await owner('GET', at(`/billing/events?limit=200&after=${after}`)));
    items.push(...page.items);
    if (!page.more) return items;
    after = page.after;
  }
}

const sum = (lines: Json[]) => String(lines.reduce((total, { amount }) => total + BigInt(amount.amount), 0n));

const tollgate = (args: string[], input = '') => runTollgate({ ...process.env, ...stack.env }, args, input);

/** A statement's number follows from its period; all of them are there, each once, and they add up. */
async function expectBooksInOrder(organization: Organization, count: number): Promise<Json[]> {
  const statements = await statementsOf(organization);
  expect(statements.map(({ no }) => no)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  for (const [index, { period }] of statements.entries()) {
    if (index > 0) expect(period.start).toBe(statements[index - 1].period.end);
  }
  const feed = await feedOf(organization);
  expect(feed.map(({ sequence }) => Number(sequence))).toEqual(feed.map((_, index) => index + 1));
  expect(feed.filter(({ type }) => type === 'statement.issued.v1').map(({ data }) => data.total)).toEqual(
    statements.map(({ total }) => total),
  );
  return statements;
}

/** The year 2028: a leap day, and summer time in both hemispheres. */
describe('a year', () => {
  const terms = {
    berlin: { timeZone: 'Europe/Berlin', plan: 'core' },
    newYork: {
      timeZone: 'America/New_York',
      currency: 'USD',
      billing: { anchor: '2028-01-31T05:00:00Z', interval: 'P1M', policy: 'day.v1' },
    },
    lordHowe: { timeZone: 'Australia/Lord_Howe', currency: 'AUD' },
  } as const;

  it(
    'has twelve statements whose lines explain themselves and add up',
    async () => {
      await moveClock('2028-01-01T00:00:00.000Z');
      const organizations: Organization[] = [];
      for (const each of Object.values(terms)) organizations.push(await makeOrganization(callers, each));
      const [berlin] = organizations as [Organization];
      const plans = ['pro', 'enterprise', 'core'];
      const open = new Map<Organization, string[]>(organizations.map((organization) => [organization, []]));
      for (let month = 1; month <= 12; month++) {
        const monthText = `2028-${String(month).padStart(2, '0')}`;
        await moveClock(`${monthText}-07T03:04:05.678Z`);
        for (const organization of organizations) {
          const { owner, at, space } = organization;
          const quote = must(200, await owner('GET', at('/billing/quote')));
          expect(quote.firstPeriod.policy).toBe(organization === organizations[1] ? 'day.v1' : 'second.v1');
          const kept = await makeToken(organization);
          await makeToken(organization, { scope: { type: 'single-space', spaceId: space.id } });
          await makeToken(organization, { expiresAt: `${monthText}-19T12:00:00Z` });
          await makeToken(organization, { environment: 'test' });
          open.get(organization)!.push(kept.token.id);
        }
        await moveClock(`${monthText}-17T20:00:00.000Z`);
        for (const organization of organizations) {
          const { owner, at } = organization;
          if (month % 2 === 0) {
            must(200, await owner('POST', at(`/tokens/${open.get(organization)!.shift()}/revoke`), {}));
          }
          must(200, await owner('POST', at(`/tokens/${open.get(organization)![0]}/regenerate`), {}));
          if (month % 3 === 0) must(200, await owner('POST', at('/plan'), { plan: plans[(month / 3) % 3] }));
        }
      }
      // A plan that changes with the period: the clock stands at its very beginning.
      const { period: last } = must(200, await berlin.owner('GET', berlin.at('/billing/accrual')));
      await moveClock(last.end);
      must(200, await berlin.owner('POST', berlin.at('/plan'), { plan: 'pro' }));
      const accrual = must(200, await berlin.owner('GET', berlin.at(`/billing/accrual?at=${last.start}`)));
      await moveClock('2029-01-31T12:00:00.000Z');

      for (const organization of organizations) {
        const { owner, at } = organization;
        const statements = await expectBooksInOrder(organization, organization === organizations[1] ? 13 : 12);
        let explained = 0;
        for (const { no, total, lines: count } of statements) {
          const lines = await linesOf(organization, no);
          expect(lines).toHaveLength(count);
          expect(sum(lines)).toBe(total.amount);
          const csv = await owner('GET', at(`/billing/statements/${no}/lines?format=csv`));
          expect(csv.headers.get('content-type')).toContain('text/csv');
          expect(String(csv.body).trim().split('\r\n')).toHaveLength(count + 1);
          for (const line of lines) {
            const { steps, differences, events } = must(
              200,
              await owner('GET', at(`/billing/lines/${line.id}/explain`)),
            );
            expect(differences).toEqual([]);
            expect(steps.at(-1)).toContain(`costs ${line.amount.amount} ${line.amount.currency}`);
            expect(events.length).toBeGreaterThan(1);
            explained++;
          }
          const offline = await tollgate(['billing', 'recompute'], JSON.stringify({ items: lines }));
          expect(offline).toMatchObject({
            status: 0,
            stdout: expect.stringContaining(`they add up to ${total.amount}`),
          });
        }
        expect(explained).toBeGreaterThan(50);
      }
      // What was accrued is what was charged.
      const december = (await statementsOf(berlin)).find(({ period }) => period.start === last.start);
      expect(december.total).toEqual(accrual.projected);
      expect(await tollgate(['billing', 'reconcile', '--as', 'operator'])).toMatchObject({ status: 0 });
    },
    60_000 + kills * 25_000,
  );
});

describe('billing-meter killed while it closes', () => {
  it(
    'issues no statement twice and leaves no gap',
    async () => {
      const acme = await makeOrganization(callers);
      const { owner, at, service } = acme;
      const tokens = Array.from({ length: 1_000 }, (_, index) => ({
        name: `Key ${index}`,
        accountId: service.id,
        scope: { type: 'multi-space' },
        digest: createHash('sha256').update(randomBytes(16)).digest('hex'),
        hint: 'old_...1234',
        acknowledgeBilling: true,
      }));
      for (let batch = 0; batch < 3; batch++) {
        const fresh = tokens.map((token) => ({
          ...token,
          digest: createHash('sha256').update(randomBytes(16)).digest('hex'),
        }));
        must(201, await owner('POST', at('/tokens/import'), { tokens: fresh }));
      }
      const meter = stack.service('billing-meter');
      for (let kill = 0; kill < kills; kill++) {
        const { period } = must(200, await owner('GET', at('/billing/accrual?limit=1')));
        const moved = moveClock(new Date(Date.parse(period.end) + 5 * 60_000).toISOString());
        // In the closing of 3,000 lines: right at its beginning, then after some of its lines, more each time.
        await untilPosted(kill + 1, 1 + 500 * (kill % 6));
        await meter.kill();
        await moved;
        await meter.ready();
      }
      async function untilPosted(no: number, events: number): Promise<void> {
        const text = 'SELECT count(*) AS n FROM billing_log.events WHERE stream = $1';
        const stream = `statement-${acme.org.id}.${no}`;
        for (let n = 0; n < events; n = (await pool.query<{ n: number }>(text, [stream])).rows[0]!.n) await sleep(5);
      }
      const statements = await eventually(() => expectBooksInOrder(acme, kills));
      for (const { no, lines: count, total } of statements) {
        const lines = await linesOf(acme, no);
        expect(lines).toHaveLength(count);
        expect(count).toBe(3_000);
        expect(new Set(lines.map(({ id }) => id)).size).toBe(count);
        expect(sum(lines)).toBe(total.amount);
      }
      expect(meter.log()).toContain('the closing goes on where it stopped');
      const report = must(200, await callers.operator('POST', '/v1/billing/reconcile', {}));
      expect(report).toMatchObject({ agrees: true, differences: [], halted: [] });
    },
    60_000 + kills * 25_000,
  );
});

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
