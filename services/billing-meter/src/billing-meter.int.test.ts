import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  billingQuote,
  billingSeats,
  defaultProduct,
  principalsResolve,
  rebuildSeats,
  starterPrices,
  type EventData,
  type OutputOf,
  type Plan,
  type Role,
} from '@tollgate/contracts';
import type { RunningService } from '@tollgate/runtime';
import { until } from '@tollgate/event-log/testing';
import { lockedBefore, startStage, whileHeld, type Stage } from '@tollgate/runtime/testing';
import { seatsTables } from './adapters/seats-tables.ts';
import { billingMeter } from './service.ts';
import { ids, tokenCreated } from './testing/events.ts';

type SeatsPage = OutputOf<typeof billingSeats>;

const january = '2026-01-01T00:00:00.000Z';
const owner = { sub: ids.account };
const operator = { sub: 'operator', scope: 'platform:operate' };

let stage: Stage;
let service: RunningService;
let organizations = 0;
let tokens = 0;

beforeAll(async () => {
  stage = await startStage();
  const account = { id: ids.account, kind: 'member', active: true, administersSpace: false } as const;
  await stage.standIn(principalsResolve, ({ subject }) => {
    const role: Role = subject === ids.account ? 'owner' : 'member';
    return { account: { ...account, role } };
  });
  await stage.log.append({
    orgId: null,
    stream: 'product-default',
    at: january,
    events: [
      { type: 'ProductRegistered', data: defaultProduct },
      ...starterPrices('default').map((data) => ({ type: 'SeatPriceSet' as const, data })),
    ],
  });
  await stage.log.startRelay();
  service = await stage.run(billingMeter);
});

afterAll(() => stage.stop());

async function organization(plan: Plan = 'pro'): Promise<string> {
  const orgId = `org_${String(++organizations).padStart(26, '0')}`;
  const data: EventData<'OrganizationRegistered'> = {
    name: 'Acme',
    plan,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing: { anchor: '2025-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
    mcpUrl: null,
  };
  const events = [{ type: 'OrganizationRegistered' as const, data }];
  await stage.log.append({ orgId, stream: `organization-${orgId}`, at: january, events });
  return orgId;
}

async function token(orgId: string, changes: Partial<EventData<'TokenCreated'>> = {}, at = january) {
  const tokenId = ids.token(++tokens);
  const data = tokenCreated({ tokenId, ...changes });
  const events = [{ type: 'TokenCreated' as const, data }];
  return { tokenId, position: await stage.log.append({ orgId, stream: `token-${tokenId}`, at, events }) };
}

async function revoke(orgId: string, tokenId: string, at = january): Promise<number> {
  const events = [{ type: 'TokenRevoked' as const, data: { tokenId, reason: null } }];
  return stage.log.append({ orgId, stream: `token-${tokenId}`, at, events });
}

/** As the authority: it moves its clock so that `now` is authority time. */
async function moveClock(now: string): Promise<number> {
  const data = { now, offsetMs: Date.parse(now) - Date.now() };
  return stage.log.append({
    orgId: null,
    stream: 'clock-development',
    at: now,
    events: [{ type: 'ClockMoved', data }],
  });
}

const seatsOf = (org: string, more: { limit?: number; cursor?: string; atLeast?: number } = {}): Promise<SeatsPage> =>
  stage.call(billingSeats, { org, ...more }, owner);

describe('billing.seats', () => {
  it('shows every seat of the organization and no other, oldest first, with what it costs', async () => {
    const [org, other] = [await organization(), await organization()];
    const multi = await token(org);
    await token(other);
    const single = await token(org, { scope: { type: 'single-space', spaceId: ids.space } });
    const test = await token(org, { environment: 'test' });
    const agent = await token(org, { managed: true, billable: false });
    const { items, nextCursor } = await seatsOf(org, { atLeast: agent.position });
    expect(nextCursor).toBeNull();
    expect(items).toEqual([
      { ...open(multi.tokenId), scope: 'multi-space', billable: true, price: { amount: '2900', currency: 'EUR' } },
      { ...open(single.tokenId), scope: 'single-space', billable: true, price: { amount: '1500', currency: 'EUR' } },
      { ...open(test.tokenId), scope: 'multi-space', billable: false, price: { amount: '0', currency: 'EUR' } },
      { ...open(agent.tokenId), scope: 'multi-space', billable: false, price: { amount: '0', currency: 'EUR' } },
    ]);
  });

  const open = (tokenId: string) => ({
    tokenId,
    product: 'default',
    plan: 'pro',
    openedAt: expect.any(String),
    closedAt: null,
  });

  it('keeps the plan of a closed seat and changes that of an open one', async () => {
    const org = await organization('core');
    const [closed, stays] = [await token(org), await token(org)];
    await revoke(org, closed.tokenId);
    const change = { type: 'PlanChanged' as const, data: { plan: 'enterprise' as const, previous: 'core' as const } };
    const at = new Date().toISOString();
    const position = await stage.log.append({ orgId: org, stream: `organization-${org}`, at, events: [change] });
    const { items } = await seatsOf(org, { atLeast: position });
    expect(items).toMatchObject([
      { tokenId: closed.tokenId, closedAt: expect.any(String), plan: 'core', price: { amount: '1900' } },
      { tokenId: stays.tokenId, closedAt: null, plan: 'enterprise', price: { amount: '4900' } },
    ]);
  });

  it('shows the same seats whatever order and repetition the bus delivers the events in', async () => {
    await stage.log.stopRelay();
    const org = await organization();
    const [first, second, third] = [await token(org), await token(org), await token(org)];
    const last = await revoke(org, second.tokenId);
    const [a, b, c] = [first.position, second.position, third.position];
    await stage.log.publish([c, last, last, b, a, a - 1, c, b, a, a - 1, last, a - 1, a, b, c, last]);
    const { items } = await seatsOf(org, { atLeast: last });
    expect(items.map(({ tokenId, closedAt }) => [tokenId, closedAt !== null])).toEqual([
      [first.tokenId, false],
      [second.tokenId, true],
      [third.tokenId, false],
    ]);
    expect(await stage.call(rebuildSeats, {}, operator)).toMatchObject({ identical: true, differences: [] });
    await stage.log.startRelay();
  });

  it('pages without gap or repetition while seats are opened and closed', async () => {
    const org = await organization();
    const created = [];
    for (let count = 0; count < 5; count++) created.push((await token(org)).tokenId);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { tokenId } = await token(org);
      created.push(tokenId);
      const atLeast = await revoke(org, tokenId);
      const page: SeatsPage = await seatsOf(org, { limit: 3, cursor, atLeast });
      seen.push(...page.items.map((item) => item.tokenId));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(created);
  });

  it('refuses a cursor of another organization and one that was edited', async () => {
    const [org, other] = [await organization(), await organization()];
    await token(org);
    const { position } = await token(org);
    await token(other);
    const { nextCursor } = await seatsOf(org, { limit: 1, atLeast: position });
    const cursor = nextCursor as string;
    await expect(seatsOf(other, { cursor })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    await expect(seatsOf(org, { cursor: `${cursor.slice(0, -2)}AA` })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
    await expect(seatsOf(org, { cursor })).resolves.toMatchObject({ items: [{}], nextCursor: null });
  });

  it('waits for a position, and says so when it is not reached', async () => {
    const org = await organization();
    const { position } = await token(org);
    await expect(seatsOf(org, { atLeast: position + 1_000 })).rejects.toMatchObject({ code: 'READ_MODEL_BEHIND' });
  });

  it('is for owners, admins and finance, not for members', async () => {
    const org = await organization();
    const { position: atLeast } = await token(org);
    const member = { sub: 'acc_0000000000000000000000000z' };
    await expect(stage.call(billingSeats, { org }, member)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const finance = { sub: 'finance', scope: 'billing:read' };
    expect((await stage.call(billingSeats, { org, atLeast }, finance)).items).toHaveLength(1);
  });

  it('knows an organization that was registered a moment ago, and no other', async () => {
    const finance = { sub: 'finance', scope: 'billing:read' };
    const org = await organization();
    expect(await stage.call(billingSeats, { org }, finance)).toEqual({ items: [], nextCursor: null });
    const unknown = { org: 'org_7zzzzzzzzzzzzzzzzzzzzzzzzz' };
    await expect(stage.call(billingSeats, unknown, finance)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('billing.quote', () => {
  it('names the recurring price and the prorated first period', async () => {
    const org = await organization();
    // Noon of 16 March in Berlin, in a month that loses an hour: 15 days 11 hours of 30 days 23 hours are left.
    const quote = await stage.call(billingQuote, { org, at: '2026-03-16T12:00:00+01:00' }, owner);
    expect(quote).toEqual({
      recurring: { amount: '2900', currency: 'EUR' },
      firstPeriod: {
        period: { start: '2026-02-28T23:00:00.000Z', end: '2026-03-31T22:00:00.000Z' },
        numerator: 1_335_600,
        denominator: 2_674_800,
        policy: 'second.v1',
        amount: { amount: '1448', currency: 'EUR' },
      },
    });
  });

  it('says which price is missing', async () => {
    const org = await organization();
    const quote = stage.call(billingQuote, { org, product: 'search' }, owner);
    await expect(quote).rejects.toMatchObject({ code: 'PRICE_MISSING', message: expect.stringContaining('search') });
  });
});

describe('projections.rebuild-seats', () => {
  it('gives the same tables and reads on', async () => {
    const org = await organization();
    const { position, tokenId } = await token(org);
    const before = await seatsOf(org, { atLeast: position });
    const report = await stage.call(rebuildSeats, {}, operator);
    expect(report).toMatchObject({ projection: 'seats', identical: true, differences: [] });
    expect(report.position).toBeGreaterThanOrEqual(position);
    expect(report.tables.map(({ name }) => name).sort()).toEqual(['clock', 'plans', 'prices', 'seats', 'subscribers']);
    expect(await seatsOf(org)).toEqual(before);
    const { items } = await seatsOf(org, { atLeast: await revoke(org, tokenId) });
    expect(items).toMatchObject([{ tokenId, closedAt: expect.any(String) }]);
  });

  it('is not noticed by those who read meanwhile', async () => {
    const org = await organization();
    const { position } = await token(org);
    const before = await seatsOf(org, { atLeast: position });
    let rebuilding = true;
    const rebuilds = (async () => {
      for (let count = 0; count < 3; count++) await stage.call(rebuildSeats, {}, operator);
    })().finally(() => (rebuilding = false));
    while (rebuilding) {
      for (const page of await Promise.all([seatsOf(org), seatsOf(org), seatsOf(org)])) expect(page).toEqual(before);
    }
    await rebuilds;
  });

  it('and a reader never wait for each other: both lock the views in the order of the tables', async () => {
    const org = await organization();
    await seatsOf(org);
    // The clerk asks for the same when there is something new.
    await until('the clerk is at rest', async () => {
      const { rows } = await stage.db.admin.query(
        'SELECT 1 FROM log.head WHERE position = (SELECT position FROM billing.clerk)',
      );
      return rows.length > 0;
    });
    const views = Object.keys(seatsTables);
    for (const [index, view] of views.entries()) {
      // The clerk reads these views as well; only what the list asks begins so.
      const marker = 'SELECT org.org_id AS "orgId", org.currency';
      const before = await lockedBefore(stage.db.admin, `billing.${view}`, () => seatsOf(org), marker);
      expect(before).toEqual(views.slice(0, index).sort());
    }
  });

  it('finds a row that was changed by hand, and repairs it', async () => {
    const org = await organization();
    const { position, tokenId } = await token(org);
    await seatsOf(org, { atLeast: position });
    await stage.db.admin.query('UPDATE billing.seats SET billable = false WHERE token_id = $1', [tokenId]);
    const report = await stage.call(rebuildSeats, {}, operator);
    expect(report.identical).toBe(false);
    expect(report.differences.join()).toContain('seats');
    expect((await seatsOf(org)).items).toMatchObject([{ tokenId, billable: true }]);
  });
});

describe('readiness', () => {
  it('warns while the projection is more than 5 s behind, and serves on', async () => {
    const { held, afterMs, ready } = await whileHeld(stage.db.admin, 'billing.seats', service.url, organization);
    expect(held).toEqual([expect.stringMatching(/^projection seats: 1 events wait, for 5 s$/)]);
    expect(afterMs).toBeGreaterThan(5_000);
    expect(ready).toBe(true);
  });
});

describe('the development clock', () => {
  it('closes seats whose expiry it passes and moves the instant of a quote', async () => {
    const org = await organization();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const { position, tokenId } = await token(org, { expiresAt });
    expect((await seatsOf(org, { atLeast: position })).items).toMatchObject([{ tokenId, closedAt: null }]);
    const atLeast = await moveClock('2031-07-01T12:00:00.000Z');
    expect((await seatsOf(org, { atLeast })).items).toMatchObject([{ tokenId, closedAt: expiresAt }]);
    const { firstPeriod } = await stage.call(billingQuote, { org }, owner);
    expect(firstPeriod.period).toEqual({ start: '2031-06-30T22:00:00.000Z', end: '2031-07-31T22:00:00.000Z' });
  });
});
