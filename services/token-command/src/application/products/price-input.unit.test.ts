import { describe, expect, it } from '@jest/globals';
import { isTollgateError } from '@tollgate/contracts';
import { priceOf } from './price-input.ts';

const effectiveFrom = '2026-06-01T00:00:00.000Z';
const price = { amount: '2900', currency: 'EUR' };
const refusedPaths = (input: object): string[] => {
  try {
    priceOf({ key: 'shop', effectiveFrom, ...input });
  } catch (error) {
    if (isTollgateError(error, 'INVALID_INPUT')) return (error.errors ?? []).map(({ path }) => path);
    throw error;
  }
  return [];
};

describe('a price as input', () => {
  it('is of a seat', () =>
    expect(priceOf({ key: 'shop', effectiveFrom, plan: 'pro', scope: 'multi-space', price })).toEqual({
      seat: { plan: 'pro', scope: 'multi-space', amount: '2900', currency: 'EUR', effectiveFrom },
    }));
  it('or of a tool', () =>
    expect(priceOf({ key: 'shop', effectiveFrom, tool: 'search', priceMicros: '1500' })).toEqual({
      tool: { tool: 'search', priceMicros: '1500', effectiveFrom },
    }));
  it.each([
    ['neither', {}, ['plan', 'scope', 'price']],
    ['half of a seat', { plan: 'pro' }, ['scope', 'price']],
    ['half of a tool', { tool: 'search' }, ['priceMicros']],
    ['the other half of a tool', { priceMicros: '1' }, ['tool']],
    [
      'both',
      { plan: 'pro', scope: 'multi-space', price, tool: 'search', priceMicros: '1' },
      ['plan', 'scope', 'price'],
    ],
    ['a tool and half of a seat', { tool: 'search', priceMicros: '1', plan: 'pro' }, ['plan']],
  ])('but not %s', (_, input, paths) => expect(refusedPaths(input)).toEqual(paths));
});
