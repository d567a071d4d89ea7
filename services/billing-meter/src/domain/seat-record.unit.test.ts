import { describe, expect, it } from '@jest/globals';
import type { Plan } from '@tollgate/contracts';
import { ids, planFrom, recorded, seatOf, tokenCreated } from '../testing/events.ts';
import { graceMs } from './periods.ts';
import type { SeatPrice } from './price-list.ts';
import { missingRecords, type SeatRecord } from './seat-record.ts';
import type { Subscriber } from './subscriber.ts';

const price = (
  plan: Plan,
  amount: string,
  position: number,
  effectiveFrom = '2020-01-01T00:00:00.000Z',
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
const subscriber: Subscriber = {
  orgId: ids.org,
  currency: 'EUR',
  timeZone: 'UTC',
  billing: { anchor: '2026-01-01T00:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
  plans: [planFrom('core', '2026-01-01T00:00:00.000Z'), planFrom('pro', '2026-02-10T00:00:00.000Z', 5)],
};
const prices = [price('core', '1900', 2), price('pro', '2900', 3), price('pro', '3100', 4, '2026-03-01T00:00:00.000Z')];
const opened = '2026-02-01T00:00:00.000Z';
const expires = '2026-04-01T00:00:00.000Z';
const seat = seatOf(recorded('TokenCreated', opened, tokenCreated({ expiresAt: expires }), { position: 6 }));

/** What is told at an instant to whom was told `record`. */
function told(at: string, record: SeatRecord | null = null) {
  const nowMs = Date.parse(at);
  const times = { nowMs, expiredMs: nowMs - graceMs };
  return missingRecords({ subscriber, prices, asOf: 100 }, seat, record, times);
}

const shortly = (events: ReturnType<typeof told>) =>
  events.map(({ type, data }) => [type, 'terms' in data ? data.terms.price.amount : data.closedAt]);

describe('what finance is told of a seat', () => {
  it('is its opening, each change of its terms and its closing, once each', () => {
    const opening = told('2026-02-01T00:00:00.000Z');
    expect(shortly(opening)).toEqual([['SeatOpened', '1900']]);
    const terms = opening[0]!.data as { terms: SeatRecord['terms'] };
    const record = { terms: terms.terms, since: opened, closedAt: null };
    expect(told('2026-02-09T23:59:59.999Z', record)).toEqual([]);
    expect(shortly(told('2026-02-10T00:00:00.000Z', record))).toEqual([['SeatRepriced', '2900']]);
    expect(shortly(told('2026-03-02T00:00:00.000Z', record))).toEqual([
      ['SeatRepriced', '2900'],
      ['SeatRepriced', '3100'],
    ]);
  });

  it('comes all together to whom nothing was told, the same', () => {
    expect(shortly(told('2026-05-01T00:00:00.000Z'))).toEqual([
      ['SeatOpened', '1900'],
      ['SeatRepriced', '2900'],
      ['SeatRepriced', '3100'],
      ['SeatClosed', expires],
    ]);
  });

  it('has an expiry only after the grace, in which it may still be moved', () => {
    expect(told('2026-04-01T00:04:59.999Z').at(-1)?.type).toBe('SeatRepriced');
    expect(told('2026-04-01T00:05:00.000Z').at(-1)?.type).toBe('SeatClosed');
  });

  it('ends with the closing', () => {
    const terms = (told(opened)[0]!.data as { terms: SeatRecord['terms'] }).terms;
    expect(told('2026-05-01T00:00:00.000Z', { terms, since: opened, closedAt: expires })).toEqual([]);
  });
});
