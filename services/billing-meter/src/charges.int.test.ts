import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  balanceGet,
  billingEvents,
  billingReconcile,
  chargesCapture,
  chargesGet,
  chargesList,
  chargesRelease,
  chargesReserve,
  defaultProduct,
  principalsResolve,
  rebuildLedger,
  subjects,
  type BalanceReport,
  type BillingEventPage,
  type EventData,
  type RequestOf,
  type TollgateEvent,
} from '@tollgate/contracts';
import type { RunningService } from '@tollgate/runtime';
import { until } from '@tollgate/event-log/testing';
import { startStage, whileHeld, type Stage } from '@tollgate/runtime/testing';
import { billingMeter } from './service.ts';
import { ids, tokenCreated } from './testing/events.ts';

const january = '2026-01-01T00:00:00.000Z';
const shop = { sub: 'shop', scope: 'charges:write' };
const finance = { sub: 'finance', scope: 'billing:read' };
const operator = { sub: 'operator', scope: 'platform:operate' };

let stage: Stage;
let service: RunningService;
let counter = 0;

beforeAll(async () => {
  stage = await startStage();
  await stage.standIn(principalsResolve, () => ({ account: null }));
  const account = { accountId: ids.account, kind: 'service', role: 'member' } as const;
  await append(null, 'product-default', [
    { type: 'ProductRegistered', data: defaultProduct },
    { type: 'ToolPriceSet', data: { product: 'default', tool: 'search', priceMicros: '70', effectiveFrom: january } },
  ]);
  await append(ids.org, `account-${ids.account}`, [{ type: 'AccountCreated', data: account }]);
  await stage.log.startRelay();
  service = await stage.run(billingMeter);
});
afterAll(() => stage?.stop());

const append = (orgId: string | null, stream: string, events: TollgateEvent[], at = new Date().toISOString()) =>
  stage.log.append({ orgId, stream, at, events });

const topUp = (org: string, amountMicros: string) =>
  append(org, `balance-${org}`, [
    { type: 'BalanceToppedUp', data: { amountMicros, reference: `payment ${++counter}` } },
  ]);

/** An organization with money and one token. */
async function customer(amountMicros = '1000', changes: Partial<EventData<'TokenCreated'>> = {}) {
  const org = `org_${String(++counter).padStart(26, '0')}`;
  const data: EventData<'OrganizationRegistered'> = {
    name: 'Acme',
    plan: 'pro',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing: { anchor: '2025-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
    mcpUrl: null,
  };
  await append(org, `organization-${org}`, [{ type: 'OrganizationRegistered', data }]);
  const tokenId = await token(org, changes);
  if (amountMicros !== '0') await topUp(org, amountMicros);
  return { org, tokenId };
}

async function token(org: string, changes: Partial<EventData<'TokenCreated'>> = {}): Promise<string> {
  const tokenId = ids.token(++counter);
  await append(org, `token-${tokenId}`, [{ type: 'TokenCreated', data: tokenCreated({ tokenId, ...changes }) }]);
  return tokenId;
}

const revoke = (org: string, tokenId: string) =>
  append(org, `token-${tokenId}`, [{ type: 'TokenRevoked', data: { tokenId, reason: null } }]);

const nextId = () => `call_${++counter}`;
const reserve = (tokenId: string, more: Partial<RequestOf<typeof chargesReserve>> = {}) =>
  stage.call(chargesReserve, { chargeId: nextId(), tokenId, tool: 'search', maxAmountMicros: '100', ...more }, shop);
const capture = (id: string, amountMicros: string) => stage.call(chargesCapture, { id, amountMicros }, shop);
const release = (id: string) => stage.call(chargesRelease, { id }, shop);
const balanceOf = (org: string) => stage.call(balanceGet, { org }, finance);
const refused = (code: string) => expect.objectContaining({ code });

async function eventsOf(org: string) {
  // The list waits for the read model.
  await stage.call(chargesList, { org }, finance);
  const { body } = await stage.call(billingEvents, { org, limit: 200 }, finance);
  return (JSON.parse(body) as BillingEventPage).items;
}

/** As the authority: it moves its clock so that `now` is authority time. */
async function moveClock(now: string): Promise<void> {
  const data = { now, offsetMs: Date.parse(now) - Date.now() };
  await append(null, 'clock-development', [{ type: 'ClockMoved', data }], now);
}

describe('a paid call', () => {
  it('is reserved, and captured for what it has cost', async () => {
    const { org, tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    expect(charge).toMatchObject({ orgId: org, tokenId, tool: 'search', status: 'reserved', maxAmountMicros: '100' });
    expect(Date.parse(charge.expiresAt!) - Date.parse(charge.createdAt)).toBe(300_000);
    expect(await balanceOf(org)).toMatchObject({ currency: 'EUR', availableMicros: '900', heldMicros: '100' });
    expect(await capture(charge.id, '60')).toMatchObject({ charge: { status: 'captured', amountMicros: '60' } });
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '940', heldMicros: '0', capturedMicros: '60' });
  });

  it('that was not made is released', async () => {
    const { org, tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    expect(await release(charge.id)).toMatchObject({ charge: { status: 'released', amountMicros: null } });
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '1000', heldMicros: '0', capturedMicros: '0' });
    await expect(capture(charge.id, '1')).rejects.toEqual(refused('CHARGE_CLOSED'));
  });

  it('costs the price of the tool when no amount is named', async () => {
    const { tokenId } = await customer();
    expect(await reserve(tokenId, { maxAmountMicros: undefined })).toMatchObject({ charge: { maxAmountMicros: '70' } });
    const unknown = reserve(tokenId, { maxAmountMicros: undefined, tool: 'no.such.tool' });
    await expect(unknown).rejects.toEqual(refused('PRICE_MISSING'));
  });

  it('is declined for good when the balance does not cover it, also after a top-up', async () => {
    const { org, tokenId } = await customer('99');
    const request = { chargeId: nextId() };
    const declined = await reserve(tokenId, request).catch((error: unknown) => error as Error);
    expect(declined).toEqual(refused('INSUFFICIENT_BALANCE'));
    await topUp(org, '1000');
    await expect(reserve(tokenId, request)).rejects.toMatchObject({ message: (declined as Error).message });
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '1099', heldMicros: '0' });
    await expect(capture(request.chargeId, '1')).rejects.toEqual(refused('CHARGE_CLOSED'));
  });

  it('sees a top-up that was booked before it', async () => {
    const { org, tokenId } = await customer('0');
    await topUp(org, '100');
    expect(await reserve(tokenId)).toMatchObject({ charge: { status: 'reserved' } });
  });

  it('takes no more than was reserved', async () => {
    const { tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    await expect(capture(charge.id, '101')).rejects.toEqual(refused('AMOUNT_EXCEEDS_RESERVATION'));
    await expect(capture('call_unknown', '1')).rejects.toEqual(refused('NOT_FOUND'));
    await expect(release('call_unknown')).rejects.toEqual(refused('NOT_FOUND'));
  });
});

describe('the same id', () => {
  it('gives the same answer for ever, whatever has become of the charge, and after a new start of the service', async () => {
    const { org, tokenId } = await customer('150');
    const [chargeId, second] = [nextId(), nextId()];
    const reserved = await reserve(tokenId, { chargeId });
    const declined = await reserve(tokenId, { chargeId: second }).catch((error: unknown) => error);
    const captured = await capture(chargeId, '40');
    const again = async () => {
      expect(await reserve(tokenId, { chargeId })).toEqual(reserved);
      expect(await reserve(tokenId, { chargeId: second }).catch((error: unknown) => error)).toEqual(declined);
      expect(await capture(chargeId, '40')).toEqual(captured);
      await expect(capture(chargeId, '41')).rejects.toEqual(refused('CHARGE_ID_REUSED'));
      await expect(release(chargeId)).rejects.toEqual(refused('CHARGE_CLOSED'));
    };
    await again();
    await stage.call(rebuildLedger, {}, operator);
    await again();
    await service.stop();
    service = await stage.run(billingMeter);
    await again();
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '110', heldMicros: '0', capturedMicros: '40' });
  });

  it('with another request is refused, of another organization, too', async () => {
    const [one, other] = [await customer(), await customer()];
    const chargeId = nextId();
    await reserve(one.tokenId, { chargeId });
    for (const [tokenId, more] of [
      [one.tokenId, { maxAmountMicros: '101' }],
      [one.tokenId, { tool: 'other' }],
      [one.tokenId, { ttlSeconds: 10 }],
      [await token(one.org), {}],
      [other.tokenId, {}],
    ] as const)
      await expect(reserve(tokenId, { chargeId, ...more })).rejects.toEqual(refused('CHARGE_ID_REUSED'));
    expect(await balanceOf(other.org)).toMatchObject({ availableMicros: '1000', heldMicros: '0' });
  });

  it('opens one charge however many ask at once', async () => {
    const { org, tokenId } = await customer();
    const chargeId = nextId();
    const answers = await Promise.all(Array.from({ length: 20 }, () => reserve(tokenId, { chargeId })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await balanceOf(org)).toMatchObject({ heldMicros: '100' });
  });
});

describe('a balance', () => {
  it('is never overdrawn by those who charge at once', async () => {
    const { org, tokenId } = await customer('1000');
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => reserve(tokenId)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '0', heldMicros: '1000' });
  });

  it('is one balance for processes that charge it at once, and all give the same answers', async () => {
    const { org, tokenId } = await customer('100000');
    const second = await stage.run(billingMeter);
    const requests = Array.from({ length: 200 }, () => ({ chargeId: nextId() }));
    const first = await Promise.all(requests.map((request) => reserve(tokenId, request)));
    const captured = await Promise.all(requests.map(({ chargeId }) => capture(chargeId, '100')));
    const again = await Promise.all(requests.map(({ chargeId }) => capture(chargeId, '100')));
    expect(again).toEqual(captured);
    expect(await Promise.all(requests.map((request) => reserve(tokenId, request)))).toEqual(first);
    await second.stop();
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '80000', heldMicros: '0', capturedMicros: '20000' });
  });

  it('says that it is low, once until it recovers', async () => {
    const { org, tokenId } = await customer('1000');
    await append(org, `balance-${org}`, [
      { type: 'LowBalanceThresholdSet', data: { thresholdMicros: '850', previous: null } },
    ]);
    for (let count = 0; count < 3; count++) await reserve(tokenId);
    await topUp(org, '1000');
    await reserve(tokenId, { maxAmountMicros: '900' });
    const types = (await eventsOf(org)).map(({ type }) => type).filter((type) => type.startsWith('balance.'));
    expect(types).toEqual(['balance.topped-up.v1', 'balance.low.v1', 'balance.topped-up.v1', 'balance.low.v1']);
  });

  it('is told to verifiers as it stands, also when all are told while the read model is behind', async () => {
    const { org, tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    // The read model has the balance as it is now.
    await eventsOf(org);
    const verifier = await stage.busOf('auth-verifier');
    const told: string[] = [];
    verifier.subscribe(subjects.balances, (message) => {
      for (const { orgId, availableMicros } of message.json<BalanceReport>().balances)
        if (orgId === org) told.push(availableMicros);
    });
    await whileHeld(stage.db.admin, 'billing.ledger', service.url, async () => {
      await capture(charge.id, '60');
      await until('the balance that moved is told', () => told.includes('940'));
      verifier.publish(subjects.balancesAsk, {});
    });
    const soFar = told.length;
    verifier.publish(subjects.balancesAsk, {});
    await until('all are told', () => told.length > soFar);
    expect(new Set(told.slice(told.indexOf('940')))).toEqual(new Set(['940']));
  });

  it('is not there for organizations that are not', async () => {
    await expect(balanceOf('org_7zzzzzzzzzzzzzzzzzzzzzzzzz')).rejects.toEqual(refused('NOT_FOUND'));
  });
});

describe('a token', () => {
  it('that does not hold reserves nothing; what it reserved before is captured', async () => {
    const { org, tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    await revoke(org, tokenId);
    await expect(reserve(tokenId)).rejects.toEqual(refused('TOKEN_NOT_LIVE'));
    expect(await capture(charge.id, '100')).toMatchObject({ charge: { status: 'captured' } });
    const inactive = await token(org);
    await append(org, `token-${inactive}`, [{ type: 'TokenDeactivated', data: { tokenId: inactive, reason: null } }]);
    await expect(reserve(inactive)).rejects.toEqual(refused('TOKEN_NOT_LIVE'));
    const expired = await token(org, { expiresAt: '2026-01-02T00:00:00.000Z' });
    await expect(reserve(expired)).rejects.toEqual(refused('TOKEN_NOT_LIVE'));
    const offBoarded = 'acc_0000000000000000000000000z';
    const orphan = await token(org, { accountId: offBoarded });
    await append(org, `account-${offBoarded}`, [
      { type: 'AccountCreated', data: { accountId: offBoarded, kind: 'service', role: 'member' } },
      { type: 'AccountDeactivated', data: { accountId: offBoarded } },
    ]);
    await expect(reserve(orphan)).rejects.toEqual(refused('TOKEN_NOT_LIVE'));
    await expect(reserve(ids.token(99_999))).rejects.toEqual(refused('UNKNOWN_REFERENCE'));
  });

  it('spends no more than its cap, told apart from an empty balance', async () => {
    const { org, tokenId } = await customer('1000');
    const other = await token(org);
    // Before there was a cap: that counts, too.
    await reserve(tokenId);
    const cap = { amountMicros: '250', period: 'P1M' } as const;
    await append(org, `balance-${org}`, [{ type: 'SpendingCapSet', data: { tokenId, cap, previous: null } }]);
    const { charge } = await reserve(tokenId);
    await expect(reserve(tokenId)).rejects.toEqual(refused('SPENDING_CAP_EXCEEDED'));
    await reserve(other);
    await release(charge.id);
    await reserve(tokenId);
    expect((await balanceOf(org)).caps).toEqual([{ tokenId, ...cap }]);
  });
});

describe('who may charge', () => {
  it('is a service with the scope, and one of an organization for that one alone', async () => {
    const [one, other] = [await customer(), await customer()];
    const asked = { tool: 'search', maxAmountMicros: '100' };
    const limited = { ...shop, org: one.org };
    const { charge } = await stage.call(
      chargesReserve,
      { ...asked, chargeId: nextId(), tokenId: one.tokenId },
      limited,
    );
    const foreign = { ...asked, chargeId: nextId(), tokenId: other.tokenId };
    await expect(stage.call(chargesReserve, foreign, limited)).rejects.toEqual(refused('UNKNOWN_REFERENCE'));
    const theirs = await reserve(other.tokenId);
    const theirCapture = { id: theirs.charge.id, amountMicros: '1' };
    await expect(stage.call(chargesCapture, theirCapture, limited)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(stage.call(chargesRelease, { id: charge.id }, finance)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(stage.call(balanceGet, { org: one.org }, shop)).rejects.toEqual(refused('NOT_FOUND'));
  });

  it.each([
    ['nothing', { maxAmountMicros: '0' }],
    ['less than nothing', { maxAmountMicros: '-1' }],
    ['a fraction', { maxAmountMicros: '1.5' }],
    ['a number', { maxAmountMicros: 100 as unknown as string }],
    ['more than a digit string may have', { maxAmountMicros: '1'.repeat(21) }],
    ['an id with a slash', { chargeId: 'a/b' }],
    ['no time', { ttlSeconds: 0 }],
    ['more than a day', { ttlSeconds: 86_401 }],
  ])('does not ask for %s', async (_, more) => {
    await expect(reserve(ids.token(1), more)).rejects.toEqual(refused('INVALID_INPUT'));
  });

  it('may ask for more than there will ever be', async () => {
    const { tokenId } = await customer();
    await expect(reserve(tokenId, { maxAmountMicros: '9'.repeat(20) })).rejects.toEqual(
      refused('INSUFFICIENT_BALANCE'),
    );
  });
});

describe('the list of charges', () => {
  it('shows an organization its own, newest first, page by page and filtered', async () => {
    const [{ org, tokenId }, other] = [await customer(), await customer()];
    await reserve(other.tokenId);
    const second = await token(org);
    const charges = [];
    for (const from of [tokenId, second, tokenId, second, tokenId]) charges.push((await reserve(from)).charge);
    await capture(charges[0]!.id, '10');
    const newestFirst = charges.map(({ id }) => id).reverse();
    const first = await stage.call(chargesList, { org, limit: 3 }, finance);
    await reserve(tokenId);
    const rest = await stage.call(chargesList, { org, limit: 3, cursor: first.nextCursor! }, finance);
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(newestFirst);
    expect(rest.nextCursor).toBeNull();
    const captured = await stage.call(chargesList, { org, status: 'captured' }, finance);
    expect(captured.items).toMatchObject([{ id: charges[0]!.id, amountMicros: '10' }]);
    expect((await stage.call(chargesList, { org, tokenId: second }, finance)).items).toHaveLength(2);
    expect((await stage.call(chargesList, { org, to: january }, finance)).items).toEqual([]);
    expect(await stage.call(chargesGet, { org, id: charges[0]!.id }, finance)).toEqual(captured.items[0]);
    await expect(stage.call(chargesGet, { org: other.org, id: charges[0]!.id }, finance)).rejects.toEqual(
      refused('NOT_FOUND'),
    );
  });
});

/** Last: the clock only moves forward. */
describe('a reservation whose time has come', () => {
  it('gives back what it held, by itself; a late capture takes what is available, else it is recorded as uncollected', async () => {
    const { org, tokenId } = await customer('250');
    const [{ charge: late }, { charge: lost }] = [await reserve(tokenId), await reserve(tokenId)];
    await moveClock(new Date(Date.now() + 3_600_000).toISOString());
    const expired = async () => (await stage.call(chargesList, { org, status: 'expired' }, finance)).items.length;
    while ((await expired()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await balanceOf(org)).toMatchObject({ availableMicros: '250', heldMicros: '0' });
    await reserve(tokenId, { maxAmountMicros: '100' });
    expect(await capture(late.id, '100')).toMatchObject({ charge: { status: 'captured', amountMicros: '100' } });
    const uncollected = await capture(lost.id, '100');
    expect(uncollected).toMatchObject({ charge: { status: 'uncollected', amountMicros: '100' } });
    await topUp(org, '1000');
    expect(await capture(lost.id, '100')).toEqual(uncollected);
    expect(await balanceOf(org)).toMatchObject({
      availableMicros: '1050',
      heldMicros: '100',
      capturedMicros: '100',
      uncollectedMicros: '100',
    });
  });
});

describe('the books', () => {
  it('are the same after a rebuild, have no gap, and agree', async () => {
    const report = await stage.call(rebuildLedger, {}, operator);
    expect(report).toMatchObject({ identical: true, differences: [] });
    expect(await stage.call(billingReconcile, {}, operator)).toMatchObject({ agrees: true, differences: [] });
    const { org, tokenId } = await customer();
    const { charge } = await reserve(tokenId);
    await capture(charge.id, '1');
    const events = (await eventsOf(org)).filter(({ type }) => !type.startsWith('seat.'));
    expect(events.map(({ type, subject }) => [type, subject])).toMatchObject([
      ['balance.topped-up.v1', expect.stringMatching(/^top-ups\/evt_/)],
      ['charge.reserved.v1', expect.stringMatching(/^charges\/call_/)],
      ['charge.captured.v1', expect.stringMatching(/^charges\/call_/)],
    ]);
    // A statement that forgot to name the organization sees nothing.
    for (const table of ['balances', 'charges', 'token_spending']) {
      const { rows } = await stage.db.pool('billing-meter').query(`SELECT * FROM billing.${table}`);
      expect([table, rows]).toEqual([table, []]);
    }
    const reconcile = async () => (await stage.call(billingReconcile, { org }, operator)).differences;
    await stage.db.admin.query(`UPDATE billing.balances SET available = '1000' WHERE org_id = $1`, [org]);
    await stage.db.admin.query(`UPDATE billing.charges SET status = 'reserved' WHERE org_id = $1`, [org]);
    expect(await reconcile()).toEqual([
      `the charge ${charge.id} of ${org} is not what the log says`,
      `the balance of ${org} is not what the log says`,
    ]);
    expect(await stage.call(rebuildLedger, {}, operator)).toMatchObject({ identical: false });
    expect(await reconcile()).toEqual([]);
  });
});
