import { describe, expect, it } from '@jest/globals';
import type { Plan } from '@tollgate/contracts';
import { explainLine } from '@tollgate/proration';
import fc from 'fast-check';
import { ids, planFrom, recorded, seatOf, tokenCreated } from '../testing/events.ts';
import { costsOf, linesOf, sumOf } from './lines.ts';
import { periodAt } from './periods.ts';
import type { SeatPrice } from './price-list.ts';
import { quote } from './quote.ts';
import type { Subscriber } from './subscriber.ts';

const forEver = 1_000_000;
let positions = 100;
const price = (
  plan: Plan,
  amount: string,
  effectiveFrom = '2020-01-01T00:00:00.000Z',
  position = ++positions,
): SeatPrice => ({
  product: 'default',
  plan,
  scope: 'multi-space',
  currency: null,
  amount,
  effectiveFrom,
  id: `evt_${position}`,
  position,
});
const prices = [price('core', '1900'), price('pro', '2900'), price('enterprise', '4900')];
const subscriber: Subscriber = {
  orgId: ids.org,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  billing: { anchor: '2025-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
  plans: [planFrom('pro', '2026-01-01T00:00:00.000Z')],
};
const created = (at: string, changes: Parameters<typeof tokenCreated>[0] = {}) =>
  recorded('TokenCreated', at, tokenCreated(changes), { position: 10 });
const revoked = (at: string, position = 20) =>
  recorded('TokenRevoked', at, { tokenId: ids.token(1), reason: null }, { position });

interface Given {
  readonly subscriber?: Partial<Subscriber>;
  readonly prices?: readonly SeatPrice[];
  readonly asOf?: number;
}

/** The lines of a seat in the period that holds an instant. */
function lines(seat: Parameters<ReturnType<typeof linesOf>>[0], at: string, given: Given = {}) {
  const billed = { ...subscriber, ...given.subscriber };
  const period = periodAt(billed, at);
  const request = { subscriber: billed, prices: given.prices ?? prices, asOf: given.asOf ?? forEver };
  return linesOf({ ...request, period, tzdb: '2026a', idOf: (tokenId, start) => `${tokenId} ${start}` })(seat);
}

describe('the lines of a seat', () => {
  it('cost the full price for a full period, by either policy', () => {
    const seat = seatOf(created('2026-01-15T10:00:00.000Z'));
    for (const policy of ['second.v1', 'day.v1'] as const) {
      const billing = { ...subscriber.billing, policy };
      for (let month = 2; month <= 12; month++) {
        const at = `2026-${String(month).padStart(2, '0')}-15T00:00:00.000Z`;
        expect(lines(seat, at, { subscriber: { billing } })).toMatchObject([{ amount: { amount: '2900' } }]);
      }
    }
  });

  it('name everything that they follow from', () => {
    const seat = seatOf(created('2026-04-15T22:00:00.000Z'), revoked('2026-04-20T22:00:00.000Z'));
    const [line, ...others] = lines(seat, '2026-04-16T00:00:00.000Z');
    expect(others).toEqual([]);
    expect(line).toEqual({
      id: `${ids.token(1)} 2026-04-15T22:00:00.000Z`,
      tokenId: ids.token(1),
      accountId: ids.account,
      product: 'default',
      scope: 'multi-space',
      plan: 'pro',
      billable: true,
      period: { index: 3, start: '2026-03-31T22:00:00.000Z', end: '2026-04-30T22:00:00.000Z' },
      interval: { start: '2026-04-15T22:00:00.000Z', end: '2026-04-20T22:00:00.000Z' },
      activeFrom: '2026-04-15T22:00:00.000Z',
      numerator: 432_000,
      denominator: 2_592_000,
      policy: 'second.v1',
      timeZone: 'Europe/Berlin',
      tzdb: '2026a',
      unitPrice: { amount: '2900', currency: 'EUR' },
      priceVersion: prices[1]!.position,
      before: { weight: '0', amount: '0' },
      amount: { amount: '483', currency: 'EUR' },
      evidence: [
        { id: 'evt_plan_1', position: 1, type: 'OrganizationRegistered' },
        { id: seat.openedBy, position: 10, type: 'TokenCreated' },
        { id: seat.revokedBy!.id, position: 20, type: 'TokenRevoked' },
        { id: prices[1]!.id, position: prices[1]!.position, type: 'SeatPriceSet' },
      ],
    });
  });

  it('split where the plan and the price change, and not where they stay', () => {
    const plans = [
      planFrom('core', '2026-01-01T00:00:00.000Z'),
      planFrom('pro', '2026-04-10T22:00:00.000Z', 2),
      planFrom('pro', '2026-04-12T22:00:00.000Z', 3),
    ];
    const dearer = [...prices, price('pro', '3500', '2026-04-20T22:00:00.000Z')];
    const found = lines(seatOf(created('2026-02-01T00:00:00.000Z')), '2026-04-15T00:00:00.000Z', {
      subscriber: { plans },
      prices: dearer,
    });
    expect(found.map(({ plan, unitPrice, interval }) => [plan, unitPrice.amount, interval.start])).toEqual([
      ['core', '1900', '2026-03-31T22:00:00.000Z'],
      ['pro', '2900', '2026-04-10T22:00:00.000Z'],
      ['pro', '3500', '2026-04-20T22:00:00.000Z'],
    ]);
    // (1900 × 10 + 2900 × 10 + 3500 × 10) / 30 days
    expect(sumOf(found)).toBe(2767n);
  });

  it('split nothing at a plan change on the exact boundary of the period', () => {
    const change = '2026-03-31T22:00:00.000Z';
    const plans = [planFrom('core', '2026-01-01T00:00:00.000Z'), planFrom('pro', change, 2)];
    const seat = seatOf(created('2026-02-01T00:00:00.000Z'));
    expect(lines(seat, '2026-03-15T00:00:00.000Z', { subscriber: { plans } })).toMatchObject([{ plan: 'core' }]);
    expect(lines(seat, change, { subscriber: { plans } })).toMatchObject([{ plan: 'pro', amount: { amount: '2900' } }]);
  });

  it('are of zero for a seat that is not billable, and there', () => {
    const seat = seatOf(created('2026-02-01T00:00:00.000Z', { environment: 'test' }));
    expect(lines(seat, '2026-04-15T00:00:00.000Z')).toMatchObject([
      { billable: false, priceVersion: null, unitPrice: { amount: '0' }, amount: { amount: '0' } },
    ]);
  });

  it('know nothing that came after the position they are worked out by', () => {
    const seat = seatOf(
      created('2026-02-01T00:00:00.000Z', { expiresAt: '2026-09-01T00:00:00.000Z' }),
      recorded(
        'TokenExpiryChanged',
        '2026-04-02T00:00:00.000Z',
        {
          tokenId: ids.token(1),
          expiresAt: '2026-04-10T00:00:00.000Z',
          previous: '2026-09-01T00:00:00.000Z',
        },
        { position: 15 },
      ),
      revoked('2026-04-05T00:00:00.000Z', 20),
    );
    const ends = [14, 15, 20].map((asOf) => lines(seat, '2026-04-15T00:00:00.000Z', { asOf }).at(-1)?.interval.end);
    // Prices are of later positions, so that everything here is without one.
    expect(ends).toEqual(['2026-04-30T22:00:00.000Z', '2026-04-10T00:00:00.000Z', '2026-04-05T00:00:00.000Z']);
    expect(lines(seat, '2026-04-15T00:00:00.000Z', { asOf: 9 })).toEqual([]);
  });

  it('know no plan and no price that came after that position', () => {
    const plans = [planFrom('core', '2026-01-01T00:00:00.000Z'), planFrom('pro', '2026-04-10T22:00:00.000Z', 300)];
    const dearer = [price('core', '1900', undefined, 2), price('core', '9900', '2026-04-05T00:00:00.000Z', 301)];
    const seat = seatOf(created('2026-02-01T00:00:00.000Z'));
    const count = (asOf: number) =>
      lines(seat, '2026-04-15T00:00:00.000Z', { subscriber: { plans }, prices: dearer, asOf }).length;
    expect([299, 300, 301].map(count)).toEqual([1, 2, 3]);
  });

  it('name the account at their end', () => {
    const other = 'acc_01jd0000000000000000000009';
    const seat = seatOf(
      created('2026-02-01T00:00:00.000Z'),
      recorded(
        'TokenReassigned',
        '2026-04-05T00:00:00.000Z',
        {
          tokenId: ids.token(1),
          accountId: other,
          previous: ids.account,
        },
        { position: 15 },
      ),
    );
    expect(lines(seat, '2026-03-15T00:00:00.000Z')).toMatchObject([{ accountId: ids.account }]);
    expect(lines(seat, '2026-04-15T00:00:00.000Z')).toMatchObject([{ accountId: other, amount: { amount: '2900' } }]);
  });

  it('cost what was quoted before the token was made', () => {
    fc.assert(
      fc.property(instants, policies, zones, (at, policy, timeZone) => {
        const billed = { ...subscriber, timeZone, billing: { ...subscriber.billing, policy } };
        const { firstPeriod } = quote({ subscriber: billed, prices, product: 'default', scope: 'multi-space', at });
        const [line] = lines(seatOf(created(at)), at, { subscriber: billed });
        expect(line).toMatchObject({
          numerator: firstPeriod.numerator,
          denominator: firstPeriod.denominator,
          amount: firstPeriod.amount,
        });
      }),
    );
  });
});

const dayMs = 86_400_000;
const start = Date.parse('2024-01-01T00:00:00.000Z');
const instants = fc.integer({ min: 0, max: 900 * dayMs }).map((ms) => new Date(start + ms).toISOString());
const policies = fc.constantFrom('second.v1' as const, 'day.v1' as const);
const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC');

describe('for any seat, plans and prices', () => {
  const world = fc.record({
    policy: policies,
    timeZone: zones,
    anchor: fc.constantFrom('2024-01-31T00:00:00.000Z', '2024-02-29T12:30:00.000Z', '2023-12-31T23:00:00.000Z'),
    interval: fc.constantFrom('P1M' as const, 'P1Y' as const),
    opened: instants,
    ended: fc.option(instants, { nil: null }),
    plans: fc.array(fc.record({ plan: fc.constantFrom<Plan>('core', 'pro', 'enterprise'), since: instants }), {
      maxLength: 4,
    }),
    priced: fc.array(
      fc.record({
        plan: fc.constantFrom<Plan>('core', 'pro', 'enterprise'),
        since: instants,
        amount: fc.nat(1_000_000),
      }),
      { maxLength: 4 },
    ),
    at: instants,
  });
  type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

  const worked = ({ policy, timeZone, anchor, interval, opened, ended, plans, priced, at }: World) => {
    const changes = plans.toSorted((a, b) => a.since.localeCompare(b.since));
    const billed: Subscriber = {
      ...subscriber,
      timeZone,
      billing: { anchor, interval, policy },
      plans: [
        planFrom('pro', '2023-01-01T00:00:00.000Z'),
        ...changes.map(({ plan, since }, i) => planFrom(plan, since, i + 2)),
      ],
    };
    const list = [
      ...prices,
      ...priced.map(({ plan, since, amount }, i) => price(plan, String(amount), since, 1_000 + i)),
    ];
    const seat = seatOf(created(opened), ...(ended !== null && ended > opened ? [revoked(ended)] : []));
    return { seat, billed, list, found: lines(seat, at, { subscriber: billed, prices: list }) };
  };

  it('every line explains itself', () => {
    fc.assert(
      fc.property(world, (one) => {
        for (const line of worked(one).found) expect(explainLine(line).differences).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('the parts follow one another, and add up to the whole, rounded once', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { found } = worked(one);
        for (const [index, line] of found.entries()) {
          if (index > 0) expect(line.interval.start).toBe(found[index - 1]!.interval.end);
        }
        const weight = found.reduce((sum, line) => sum + BigInt(line.unitPrice.amount) * BigInt(line.numerator), 0n);
        const denominator = BigInt(found[0]?.denominator ?? 1);
        expect(sumOf(found)).toBe((2n * weight + denominator) / (2n * denominator));
      }),
      { numRuns: 300 },
    );
  });

  it('the sum without the lines is the sum of the lines', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { seat, billed, list, found } = worked(one);
        const period = periodAt(billed, one.at);
        const cost = costsOf({ subscriber: billed, prices: list, asOf: forEver, period });
        const endMs = seat.revokedAt === null ? Infinity : Date.parse(seat.revokedAt);
        expect(cost(seat, Date.parse(seat.openedAt), endMs)).toBe(sumOf(found));
      }),
      { numRuns: 300 },
    );
  });

  it('0 ≤ the whole ≤ the highest price, and no line is negative', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { found } = worked(one);
        for (const { amount } of found) expect(BigInt(amount.amount)).toBeGreaterThanOrEqual(0n);
        const highest = found.reduce(
          (max, { unitPrice }) => (BigInt(unitPrice.amount) > max ? BigInt(unitPrice.amount) : max),
          0n,
        );
        expect(sumOf(found)).toBeLessThanOrEqual(highest);
      }),
      { numRuns: 300 },
    );
  });

  it('a seat that lives longer never costs less', () => {
    fc.assert(
      fc.property(world, instants, (one, other) => {
        const [shorter, longer] = [one.ended ?? other, other].sort();
        const cost = (ended: string) => sumOf(worked({ ...one, ended: ended > one.opened ? ended : one.opened }).found);
        if (shorter! > one.opened) expect(cost(longer!)).toBeGreaterThanOrEqual(cost(shorter!));
      }),
      { numRuns: 300 },
    );
  });

  it('regenerating, renaming and reassigning cost nothing', () => {
    fc.assert(
      fc.property(world, instants, (one, at) => {
        const { seat, billed, list, found } = worked(one);
        const reassigned = recorded(
          'TokenReassigned',
          at,
          {
            tokenId: ids.token(1),
            accountId: 'acc_01jd0000000000000000000009',
            previous: ids.account,
          },
          { position: 15 },
        );
        const changed = seatOf(created(one.opened), reassigned, ...(seat.revokedAt ? [revoked(seat.revokedAt)] : []));
        const after = lines(changed, one.at, { subscriber: billed, prices: list });
        expect(after.map(({ interval, amount }) => [interval, amount])).toEqual(
          found.map(({ interval, amount }) => [interval, amount]),
        );
      }),
      { numRuns: 100 },
    );
  });
});
