import { describe, expect, it } from '@jest/globals';
import { formatPeriodStarts, formatProrationResult, parseProrationLine } from './lines.ts';
import type { BillingInterval } from './periods.ts';
import { prorate } from './prorate.ts';

const line = {
  id: 'a',
  policy: 'day.v1',
  timeZone: 'Europe/Berlin',
  currency: 'EUR',
  unitPrice: '3100',
  quantity: 2,
  period: { start: '2026-05-01', end: '2026-06-01' },
  active: { start: '2026-05-16', end: '2026-06-01' },
};

describe('a line to prorate', () => {
  it('reads dates as midnight in its time zone', () => {
    const { input } = parseProrationLine(JSON.stringify(line));
    expect(input.period).toEqual({ start: '2026-04-30T22:00:00.000Z', end: '2026-05-31T22:00:00.000Z' });
    expect(input.active.start).toBe('2026-05-15T22:00:00.000Z');
  });

  it('is answered with counts as numbers and the amount as digits', () => {
    const { id, input } = parseProrationLine(JSON.stringify(line));
    expect(formatProrationResult(id, prorate(input))).toBe(
      '{"id":"a","numerator":16,"denominator":31,"amount":"3200"}',
    );
  });

  it('keeps amounts that no float can hold', () => {
    const { id, input } = parseProrationLine(
      JSON.stringify({ ...line, unitPrice: '9007199254740993', quantity: 1, active: line.period }),
    );
    expect(formatProrationResult(id, prorate(input))).toContain('"amount":"9007199254740993"');
  });

  it.each<[string, object, RegExp]>([
    ['no id', { id: undefined }, /^id must/],
    ['an unknown policy', { policy: 'second.v2' }, /policy/],
    ['an unknown zone', { timeZone: 'Nowhere' }, /timeZone/],
    ['a currency that is no code', { currency: 'euro' }, /currency/],
    ['a price as a JSON number', { unitPrice: 3100 }, /unitPrice/],
    ['a price with a decimal point', { unitPrice: '31.00' }, /unitPrice/],
    ['a quantity as text', { quantity: '2' }, /quantity/],
    ['an interval that is none', { active: ['2026-05-01', '2026-06-01'] }, /active must be/],
    ['a date that does not exist', { period: { start: '2026-02-30', end: '2026-06-01' } }, /period\.start/],
    ['an open end', { active: { start: '2026-05-16', end: null } }, /end must/],
  ])('is refused with %s', (_, change, message) => {
    expect(() => parseProrationLine(JSON.stringify({ ...line, ...change }))).toThrow(message);
  });

  it.each(['', '{', '[]', 'null', '"text"'])('is refused when it is %j', (json) => {
    expect(() => parseProrationLine(json)).toThrow(RangeError);
  });
});

describe('the list of period starts', () => {
  const request = { anchor: '2026-01-31', timeZone: 'Europe/Berlin', interval: 'P1M' as const, count: 2 };

  it('takes a date as midnight of the time zone and prints seconds', () => {
    expect(formatPeriodStarts(request)).toEqual(['2026-01-30T23:00:00Z', '2026-02-27T23:00:00Z']);
  });

  it.each<[string, object]>([
    ['no count', { count: 0 }],
    ['half a count', { count: 1.5 }],
    ['a count that is no number', { count: Number.NaN }],
    ['a week', { interval: 'P1W' as BillingInterval }],
  ])('is refused with %s', (_, change) => {
    expect(() => formatPeriodStarts({ ...request, ...change })).toThrow(RangeError);
  });
});
