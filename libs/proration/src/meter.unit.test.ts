import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { periodMeter } from './meter.ts';
import { billingPeriod } from './periods.ts';
import { prorate } from './prorate.ts';

const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Sao_Paulo',
  'UTC',
];

describe('a meter of a period', () => {
  it('counts what prorate counts, in any zone, period and policy', () => {
    const cases = fc.record({
      policy: fc.constantFrom('second.v1' as const, 'day.v1' as const),
      timeZone: fc.constantFrom(...zones),
      interval: fc.constantFrom('P1M' as const, 'P1Y' as const),
      anchor: fc.date({ min: new Date('2015-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ policy, timeZone, interval, anchor, from, to }) => {
        const period = billingPeriod({ anchor: anchor.toISOString(), timeZone, interval }, 1);
        const [startMs, endMs] = [Date.parse(period.start), Date.parse(period.end)];
        const at = (share: number) => Math.round(startMs + share * (endMs - startMs));
        const [a, b] = [Math.min(at(from), at(to)), Math.max(at(from), at(to))];
        const active = { start: new Date(a).toISOString(), end: new Date(b).toISOString() };
        const expected = prorate({ policy, timeZone, unitPrice: 1n, quantity: 1, period, active });
        const meter = periodMeter(policy, timeZone, period);
        expect([meter.denominator, meter.units(a, b)]).toEqual([expected.denominator, expected.numerator]);
        expect(meter.units(startMs, endMs)).toBe(meter.denominator);
      }),
      { numRuns: 500 },
    );
  });
});
