import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { roundedQuotient, roundedShares } from './money.ts';

describe('a rounded quotient', () => {
  it.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [7n, 5n, 1n],
    [8n, 5n, 2n],
    [-7n, 5n, -1n],
    [0n, 3n, 0n],
    [6n, 3n, 2n],
  ])('%s / %s rounds to %s', (dividend, divisor, expected) => {
    expect(roundedQuotient(dividend, divisor)).toBe(expected);
  });

  it('is exact beyond the reach of a float', () => {
    expect(roundedQuotient(10n ** 30n + 1n, 2n)).toBe(5n * 10n ** 29n + 1n);
  });

  it('is never further than half a unit away', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 12n }), (dividend, divisor) => {
        const error = 2n * (roundedQuotient(dividend, divisor) * divisor - dividend);
        expect(error <= divisor && error >= -divisor).toBe(true);
      }),
    );
  });

  it.each([0n, -3n])('refuses the divisor %s', (divisor) => {
    expect(() => roundedQuotient(1n, divisor)).toThrow(RangeError);
  });
});

describe('rounded shares', () => {
  it('puts the cent where the running total passes a half', () => {
    expect(roundedShares({ price: 100n, numerators: [1n, 1n, 1n], denominator: 3n })).toEqual([33n, 34n, 33n]);
    expect(roundedShares({ price: -100n, numerators: [1n, 1n, 1n], denominator: 3n })).toEqual([-33n, -34n, -33n]);
  });

  it('add up to the whole and never fall below zero', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.array(fc.bigInt({ min: 0n, max: 10n ** 8n }), { minLength: 1, maxLength: 20 }),
        fc.bigInt({ min: 1n, max: 10n ** 8n }),
        (price, numerators, denominator) => {
          const shares = roundedShares({ price, numerators, denominator });
          const units = numerators.reduce((sum, numerator) => sum + numerator, 0n);
          expect(shares.reduce((sum, share) => sum + share, 0n)).toBe(roundedQuotient(price * units, denominator));
          expect(shares.every((share) => share >= 0n)).toBe(true);
        },
      ),
    );
  });
});
