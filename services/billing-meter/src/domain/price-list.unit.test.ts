import { describe, expect, it } from '@jest/globals';
import { priceAt, type SeatPrice } from './price-list.ts';

const january = '2026-01-01T00:00:00.000Z';
const february = '2026-02-01T00:00:00.000Z';
const march = '2026-03-01T00:00:00.000Z';
const kind = { product: 'default', plan: 'pro', scope: 'multi-space', currency: 'EUR' } as const;

let position = 0;
const price = (amount: string, changes: Partial<SeatPrice> = {}): SeatPrice => ({
  ...kind,
  currency: null,
  effectiveFrom: january,
  id: 'evt_1',
  position: ++position,
  amount,
  ...changes,
});

/** Given prices, at an instant, this amount holds. The order of the list must not matter. */
const given = (...prices: SeatPrice[]) => ({
  at: (instant: string) => {
    const amount = priceAt(prices, kind, instant).amount;
    expect(priceAt(prices.toReversed(), kind, instant).amount).toBe(amount);
    return amount;
  },
});

describe('the price of a seat', () => {
  it('is the one that began to hold last', () => {
    const prices = given(
      price('100'),
      price('300', { effectiveFrom: march }),
      price('200', { effectiveFrom: february }),
    );
    expect(prices.at(january)).toBe('100');
    expect(prices.at('2026-01-31T23:59:59.999Z')).toBe('100');
    expect(prices.at(february)).toBe('200');
    expect(prices.at('2027-01-01T00:00:00.000Z')).toBe('300');
  });

  it('holds in any currency when it names none', () => {
    expect(given(price('100')).at(january)).toBe('100');
  });

  it('in the own currency comes before one for any currency that began at the same time', () => {
    expect(given(price('100', { currency: 'EUR' }), price('200')).at(january)).toBe('100');
  });

  it('for any currency replaces an older one in the own currency', () => {
    expect(given(price('100', { currency: 'EUR' }), price('200', { effectiveFrom: february })).at(march)).toBe('200');
  });

  it('set later corrects one that began at the same time', () => {
    expect(given(price('100'), price('200')).at(january)).toBe('200');
  });

  it.each([
    ['another product', { product: 'search' }],
    ['another plan', { plan: 'core' }],
    ['another scope', { scope: 'single-space' }],
    ['another currency', { currency: 'CHF' }],
    ['a later time', { effectiveFrom: march }],
  ] as const)('is not that of %s', (_, changes) => {
    expect(given(price('100'), price('900', changes)).at(february)).toBe('100');
  });

  it('that is missing is refused with words that say which', () => {
    expect(() => priceAt([price('100', { effectiveFrom: march })], kind, january)).toThrow(
      expect.objectContaining({
        code: 'PRICE_MISSING',
        message: expect.stringMatching(/default.*multi-space.*pro.*EUR.*PUT \/v1\/products\/default\/prices/),
      }),
    );
  });
});
