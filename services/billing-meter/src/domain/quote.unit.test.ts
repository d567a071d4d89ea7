import { describe, expect, it } from '@jest/globals';
import type { BillingTerms } from '@tollgate/contracts';
import { prorate } from '@tollgate/proration';
import { planFrom } from '../testing/events.ts';
import type { SeatPrice } from './price-list.ts';
import { quote } from './quote.ts';
import type { Subscriber } from './subscriber.ts';

const priceOf = (plan: SeatPrice['plan'], amount: string): SeatPrice => ({
  product: 'default',
  plan,
  scope: 'multi-space',
  currency: null,
  amount,
  effectiveFrom: '2020-01-01T00:00:00.000Z',
  id: 'evt_1',
  position: 1,
});
const prices = [priceOf('core', '1900'), priceOf('pro', '3100')];

/** An organization in Berlin on the plan `pro`, billed by these terms. */
const given = (terms: Partial<BillingTerms>, changes: Partial<Subscriber> = {}) => {
  const billing: BillingTerms = { anchor: '2025-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1', ...terms };
  const subscriber: Subscriber = {
    orgId: 'org_1',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing,
    plans: [planFrom('pro', '2026-01-01T00:00:00.000Z')],
    ...changes,
  };
  return { at: (at: string) => quote({ subscriber, prices, product: 'default', scope: 'multi-space', at }) };
};

describe('a quote', () => {
  it('names the recurring price and the whole of a period that begins at that instant', () => {
    expect(given({}).at('2026-01-31T23:00:00.000Z')).toEqual({
      recurring: { amount: '3100', currency: 'EUR' },
      firstPeriod: {
        period: { start: '2026-01-31T23:00:00.000Z', end: '2026-02-28T23:00:00.000Z' },
        numerator: 28 * 86_400,
        denominator: 28 * 86_400,
        policy: 'second.v1',
        amount: { amount: '3100', currency: 'EUR' },
      },
    });
  });

  it('charges the seconds left of a month in which the clocks change', () => {
    // March in Berlin has 31 days less one hour; from noon of the 16th, local time, 15.5 days less that hour are left.
    const { firstPeriod } = given({}).at('2026-03-16T11:00:00.000Z');
    expect(firstPeriod.period).toEqual({ start: '2026-02-28T23:00:00.000Z', end: '2026-03-31T22:00:00.000Z' });
    expect(firstPeriod.denominator).toBe(31 * 86_400 - 3_600);
    expect(firstPeriod.numerator).toBe(15.5 * 86_400 - 3_600);
    expect(firstPeriod.amount.amount).toBe('1548'); // 3100 × 1335600 / 2674800 = 1547.91…
  });

  it('charges every calendar day that is touched under day.v1, whatever the clocks do', () => {
    const { firstPeriod } = given({ policy: 'day.v1' }).at('2026-03-15T23:30:00.000Z');
    expect(firstPeriod).toMatchObject({ numerator: 16, denominator: 31, policy: 'day.v1', amount: { amount: '1600' } });
  });

  it.each([
    ['2026-02-10T00:00:00.000Z', '2026-01-30T23:00:00.000Z', '2026-02-27T23:00:00.000Z'],
    ['2026-02-27T23:00:00.000Z', '2026-02-27T23:00:00.000Z', '2026-03-30T22:00:00.000Z'],
    ['2026-04-29T00:00:00.000Z', '2026-03-30T22:00:00.000Z', '2026-04-29T22:00:00.000Z'],
    ['2025-12-30T22:59:59.999Z', '2025-11-29T23:00:00.000Z', '2025-12-30T23:00:00.000Z'],
  ])('at %s under an anchor on 31 January finds the period from %s to %s', (at, start, end) => {
    const { firstPeriod } = given({ anchor: '2026-01-30T23:00:00.000Z' }).at(at);
    expect(firstPeriod.period).toEqual({ start, end });
  });

  it('covers a year where that is the interval', () => {
    const { firstPeriod } = given({ interval: 'P1Y', policy: 'day.v1' }).at('2026-12-30T23:00:00.000Z');
    expect(firstPeriod.period).toEqual({ start: '2025-12-31T23:00:00.000Z', end: '2026-12-31T23:00:00.000Z' });
    expect(firstPeriod).toMatchObject({ numerator: 1, denominator: 365, amount: { amount: '8' } }); // 3100 / 365 = 8.49…
  });

  it('agrees with the arithmetic of the proration library on every policy and interval', () => {
    for (const policy of ['second.v1', 'day.v1'] as const) {
      for (const interval of ['P1M', 'P1Y'] as const) {
        const at = '2026-10-25T00:30:00.000Z';
        const { firstPeriod } = given({ anchor: '2024-01-30T23:00:00.000Z', interval, policy }).at(at);
        const { period } = firstPeriod;
        const active = { start: at, end: period.end };
        const expected = prorate({ policy, timeZone: 'Europe/Berlin', unitPrice: 3100n, quantity: 1, period, active });
        expect(BigInt(firstPeriod.numerator)).toBe(expected.numerator);
        expect(BigInt(firstPeriod.denominator)).toBe(expected.denominator);
        expect(firstPeriod.amount.amount).toBe(expected.amount.toString());
      }
    }
  });

  it('uses the plan that holds at the instant', () => {
    const plans = [planFrom('core', '2026-01-01T00:00:00.000Z'), planFrom('pro', '2026-02-01T00:00:00.000Z', 2)];
    const subscriber = given({}, { plans });
    expect(subscriber.at('2025-01-01T00:00:00.000Z').recurring.amount).toBe('1900');
    expect(subscriber.at('2026-01-31T23:59:59.999Z').recurring.amount).toBe('1900');
    expect(subscriber.at('2026-02-01T00:00:00.000Z').recurring.amount).toBe('3100');
  });

  it('is refused when there is no price', () => {
    const subscriber = given({}, { plans: [planFrom('enterprise', '2026-01-01T00:00:00.000Z')] });
    expect(() => subscriber.at('2026-01-31T23:00:00.000Z')).toThrow(expect.objectContaining({ code: 'PRICE_MISSING' }));
  });
});
