import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ProrationPolicy } from './policies.ts';
import { prorate, splitProration, type ProrationInput } from './prorate.ts';

const may = { start: '2026-05-01T00:00:00Z', end: '2026-06-01T00:00:00Z' };
const base: ProrationInput = {
  policy: 'second.v1',
  timeZone: 'UTC',
  unitPrice: 3100n,
  quantity: 1,
  period: may,
  active: may,
};
const days = (start: string, end: string, timeZone = 'UTC') =>
  prorate({ ...base, policy: 'day.v1', timeZone, active: { start, end } }).numerator;

describe('second.v1', () => {
  it('names the seconds active and the seconds of the period', () => {
    const active = { start: '2026-05-31T12:00:00Z', end: '2026-06-01T00:00:00Z' };
    expect(prorate({ ...base, active })).toEqual({ numerator: 43_200n, denominator: 2_678_400n, amount: 50n });
  });

  it('floors both ends to the second', () => {
    const active = { start: '2026-05-02T00:00:00.999Z', end: '2026-05-02T00:00:10.001Z' };
    expect(prorate({ ...base, active }).numerator).toBe(10n);
  });

  it('floors towards the past before 1970 too', () => {
    const period = { start: '1960-01-01T00:00:00Z', end: '1960-01-01T00:01:00Z' };
    const active = { start: '1960-01-01T00:00:10.500Z', end: '1960-01-01T00:00:20Z' };
    expect(prorate({ ...base, period, active }).numerator).toBe(10n);
  });

  it('counts the seconds that passed, not those of the wall clock, over a change of the clocks', () => {
    const period = { start: '2026-03-29T00:00:00+01:00', end: '2026-03-30T00:00:00+02:00' };
    expect(prorate({ ...base, timeZone: 'Europe/Berlin', period, active: period }).denominator).toBe(23n * 3600n);
  });

  it('multiplies by the quantity before it rounds', () => {
    const active = { start: '2026-05-01T00:00:00Z', end: '2026-05-11T00:00:00Z' };
    // 1 * 10 / 31 = 0.32: one seat costs nothing, a hundred cost 32
    expect(prorate({ ...base, unitPrice: 1n, active }).amount).toBe(0n);
    expect(prorate({ ...base, unitPrice: 1n, quantity: 100, active }).amount).toBe(32n);
  });
});

describe('day.v1', () => {
  it('counts a day in full however short the time in it', () => {
    expect(days('2026-05-10T08:00:00Z', '2026-05-10T08:00:00.001Z')).toBe(1n);
    expect(days('2026-05-10T23:59:59Z', '2026-05-11T00:00:01Z')).toBe(2n);
  });

  it('leaves out a last day touched only at its midnight', () => {
    expect(days('2026-05-10T08:00:00Z', '2026-05-11T00:00:00Z')).toBe(1n);
  });

  it('counts nothing for an empty interval', () => {
    expect(days('2026-05-10T08:00:00Z', '2026-05-10T08:00:00Z')).toBe(0n);
  });

  it('counts the days of the billing time zone', () => {
    expect(days('2026-05-10T21:59:00Z', '2026-05-10T22:01:00Z', 'Europe/Berlin')).toBe(2n);
    expect(days('2026-05-10T22:00:00Z', '2026-05-11T22:00:00Z', 'Europe/Berlin')).toBe(1n);
  });

  it('knows that a day may start after midnight', () => {
    // Cairo skips 00:00 to 01:00 on 24 April 2026
    const period = { start: '2026-04-22T00:00:00+02:00', end: '2026-04-24T01:00:00+03:00' };
    const input = { ...base, policy: 'day.v1' as const, timeZone: 'Africa/Cairo', period, active: period };
    expect(prorate(input).denominator).toBe(2n);
  });
});

describe('the period', () => {
  it('bills only what lies inside it', () => {
    const active = { start: '2026-04-20T00:00:00Z', end: '2026-07-03T00:00:00Z' };
    expect(prorate({ ...base, active }).amount).toBe(3100n);
    const before = { start: '2026-04-01T00:00:00Z', end: '2026-05-01T00:00:00Z' };
    for (const policy of ['second.v1', 'day.v1'] as const) {
      expect(prorate({ ...base, policy, active: before })).toMatchObject({ numerator: 0n, amount: 0n });
    }
  });
});

describe('wrong input is refused with a text that names it', () => {
  const noon = '2026-05-01T12:00:00Z';
  it.each<[string, Partial<ProrationInput>, RegExp]>([
    ['an unknown policy', { policy: 'hour.v1' as ProrationPolicy }, /policy must be/],
    ['an unknown time zone', { timeZone: 'Europe/Atlantis' }, /timeZone must be/],
    ['a price that is no BigInt', { unitPrice: 3100 as unknown as bigint }, /unitPrice/],
    ['half a seat', { quantity: 0.5 }, /quantity/],
    ['a negative quantity', { quantity: -1 }, /quantity/],
    ['an empty period of days', { policy: 'day.v1', period: { start: noon, end: noon } }, /must not be empty/],
    ['an empty period', { period: { start: may.start, end: may.start } }, /period must not be empty/],
    [
      'a period shorter than a second',
      { period: { start: may.start, end: '2026-05-01T00:00:00.5Z' } },
      /must not be empty/,
    ],
    ['an interval that ends before it starts', { active: { start: may.end, end: may.start } }, /active ends at/],
    ['a time without an offset', { active: { start: '2026-05-01T00:00:00', end: may.end } }, /active\.start/],
    ['a time in the basic format', { active: { start: '20260501T000000Z', end: may.end } }, /active\.start/],
    [
      'a time with a zone in brackets',
      { active: { start: may.start, end: '2026-06-01T00:00:00Z[UTC]' } },
      /active\.end/,
    ],
    ['a date that does not exist', { active: { start: may.start, end: '2026-02-30T00:00:00Z' } }, /active\.end/],
  ])('%s', (_, change, message) => {
    expect(() => prorate({ ...base, ...change })).toThrow(message);
  });

  it('cuts outside the interval or out of order', () => {
    expect(() => splitProration(base, ['2026-06-02T00:00:00Z'])).toThrow(/Cuts must lie/);
    expect(() => splitProration(base, ['2026-04-02T00:00:00Z'])).toThrow(/Cuts must lie/);
    expect(() => splitProration(base, ['2026-05-03T00:00:00Z', '2026-05-02T00:00:00Z'])).toThrow(/Cuts must lie/);
  });
});

describe('a split', () => {
  it('counts a day that was cut in two once, for the part that touched it first', () => {
    const input = { ...base, policy: 'day.v1' as const };
    const parts = splitProration(input, ['2026-05-10T12:00:00Z']);
    expect(parts.map((part) => part.numerator)).toEqual([10n, 21n]);
    expect(parts.map((part) => part.active.end)).toEqual(['2026-05-10T12:00:00.000Z', '2026-06-01T00:00:00.000Z']);
  });
});

describe('for every interval', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Africa/Cairo',
    'Asia/Kolkata',
    'Pacific/Auckland',
  );
  const day = 86_400_000;
  const from = Date.parse('2025-01-01T00:00:00Z');
  const instants = fc.integer({ min: 0, max: 800 * day }).map((offset) => from + offset);
  const iso = (ms: number) => new Date(ms).toISOString();
  /** A period of a minute or more, and instants in ascending order that may lie in it or beside it. */
  const inputs = fc
    .record({
      policy: fc.constantFrom<ProrationPolicy>('second.v1', 'day.v1'),
      timeZone: zones,
      unitPrice: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      quantity: fc.integer({ min: 0, max: 1000 }),
      periodStart: instants,
      periodMs: fc.integer({ min: 60_000, max: 400 * day }),
      moments: fc.array(instants, { minLength: 2, maxLength: 8 }),
    })
    .map(({ periodStart, periodMs, moments, ...rest }) => {
      const sorted = moments.toSorted((a, b) => a - b).map(iso);
      const active = { start: sorted[0] as string, end: sorted.at(-1) as string };
      const period = { start: iso(periodStart), end: iso(periodStart + periodMs) };
      return { input: { ...rest, period, active } satisfies ProrationInput, cuts: sorted.slice(1, -1) };
    });

  it('the amount lies between nothing and the price', () => {
    fc.assert(
      fc.property(inputs, ({ input }) => {
        const { amount, numerator, denominator } = prorate(input);
        expect(amount >= 0n && amount <= input.unitPrice * BigInt(input.quantity)).toBe(true);
        expect(numerator >= 0n && numerator <= denominator).toBe(true);
      }),
    );
  });

  it('a full period costs exactly the price', () => {
    fc.assert(
      fc.property(inputs, ({ input }) => {
        const { amount } = prorate({ ...input, active: input.period });
        expect(amount).toBe(input.unitPrice * BigInt(input.quantity));
      }),
    );
  });

  it('a longer interval never costs less', () => {
    fc.assert(
      fc.property(inputs, ({ input, cuts }) => {
        const ends = [...cuts, input.active.end];
        const amounts = ends.map((end) => prorate({ ...input, active: { start: input.active.start, end } }).amount);
        expect(amounts).toEqual(amounts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      }),
    );
  });

  it('the parts of a split add up to the whole, in amount and in units, and none is negative', () => {
    fc.assert(
      fc.property(inputs, ({ input, cuts }) => {
        const whole = prorate(input);
        const parts = splitProration(input, cuts);
        expect(parts).toHaveLength(cuts.length + 1);
        expect(parts.reduce((sum, part) => sum + part.amount, 0n)).toBe(whole.amount);
        expect(parts.reduce((sum, part) => sum + part.numerator, 0n)).toBe(whole.numerator);
        expect(parts.every((part) => part.amount >= 0n && part.denominator === whole.denominator)).toBe(true);
      }),
    );
  });
});
