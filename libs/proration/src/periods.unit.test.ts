import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  billingPeriod,
  billingPeriodAt,
  billingPeriodStart,
  type BillingInterval,
  type PeriodTerms,
} from './periods.ts';

const berlin: PeriodTerms = { anchor: '2026-01-31T00:00:00+01:00', timeZone: 'Europe/Berlin', interval: 'P1M' };

describe('the start of a period', () => {
  it('counts from the anchor, so that a short month does not shift the ones after it', () => {
    expect(billingPeriodStart(berlin, 1)).toBe('2026-02-27T23:00:00.000Z');
    expect(billingPeriodStart(berlin, 2)).toBe('2026-03-30T22:00:00.000Z');
  });

  it('exists before the anchor too', () => {
    expect(billingPeriodStart(berlin, -2)).toBe('2025-11-29T23:00:00.000Z');
  });

  it('comes later where the zone skips the local time', () => {
    const terms: PeriodTerms = { anchor: '2026-02-28T02:30:00+01:00', timeZone: 'Europe/Berlin', interval: 'P1M' };
    // 29 March 2026 has no 02:30 in Berlin, but 28 March has
    expect(billingPeriodStart(terms, 1)).toBe('2026-03-28T01:30:00.000Z');
    const skipped: PeriodTerms = { ...terms, anchor: '2026-01-29T02:30:00+01:00' };
    expect(billingPeriodStart(skipped, 2)).toBe('2026-03-29T01:30:00.000Z');
  });

  it('is the first of two where the local time comes twice', () => {
    const terms: PeriodTerms = { anchor: '2026-09-25T02:30:00+02:00', timeZone: 'Europe/Berlin', interval: 'P1M' };
    expect(billingPeriodStart(terms, 1)).toBe('2026-10-25T00:30:00.000Z');
  });
});

describe('the period that holds an instant', () => {
  it('is half-open', () => {
    expect(billingPeriodAt(berlin, '2026-02-27T22:59:59.999Z').index).toBe(0);
    expect(billingPeriodAt(berlin, '2026-02-27T23:00:00.000Z')).toEqual({
      index: 1,
      start: '2026-02-27T23:00:00.000Z',
      end: '2026-03-30T22:00:00.000Z',
    });
  });

  it('may lie before the anchor', () => {
    expect(billingPeriodAt(berlin, '2026-01-30T22:59:59.999Z')).toEqual(billingPeriod(berlin, -1));
  });

  it('holds it, and its neighbours begin where it ends, for every anchor and instant', () => {
    const instants = fc
      .date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
    const terms = fc.record({
      anchor: instants,
      timeZone: fc.constantFrom(
        'UTC',
        'Europe/Berlin',
        'America/St_Johns',
        'Africa/Cairo',
        'Asia/Kolkata',
        'Pacific/Chatham',
      ),
      interval: fc.constantFrom<BillingInterval>('P1M', 'P1Y'),
    });
    fc.assert(
      fc.property(terms, instants, (anchored, instant) => {
        const period = billingPeriodAt(anchored, instant);
        expect(period.start <= instant && instant < period.end).toBe(true);
        expect(billingPeriod(anchored, period.index + 1).start).toBe(period.end);
        expect(billingPeriodStart(anchored, 0)).toBe(anchored.anchor);
      }),
    );
  });
});

describe('wrong terms are refused with a text that names them', () => {
  it.each<[string, Partial<PeriodTerms>, RegExp]>([
    ['a week', { interval: 'P1W' as BillingInterval }, /interval must be P1M or P1Y/],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, /timeZone/],
    ['an anchor without an offset', { anchor: '2026-01-31T00:00:00' }, /anchor/],
  ])('%s', (_, change, message) => {
    expect(() => billingPeriodStart({ ...berlin, ...change }, 0)).toThrow(message);
  });

  it('half a period', () => {
    expect(() => billingPeriodStart(berlin, 0.5)).toThrow(/whole number/);
  });
});
