import { describe, expect, it } from '@jest/globals';
import { planFrom, recorded, seatOf, tokenCreated } from '../testing/events.ts';
import type { SeatPrice } from './price-list.ts';
import { seatAnswer } from './seat-answer.ts';
import type { Subscriber } from './subscriber.ts';

const january = '2026-01-01T00:00:00.000Z';
const inJanuary = '2026-01-15T12:00:00.000Z';
const february = '2026-02-01T00:00:00.000Z';
const march = '2026-03-01T00:00:00.000Z';
const april = '2026-04-01T00:00:00.000Z';

const priceOf = (plan: SeatPrice['plan'], amount: string, effectiveFrom: string): SeatPrice => ({
  product: 'default',
  plan,
  scope: 'multi-space',
  currency: 'EUR',
  amount,
  effectiveFrom,
  id: 'evt_1',
  position: 1,
});
const prices = [priceOf('core', '100', january), priceOf('core', '200', february), priceOf('pro', '300', january)];
const subscriber: Subscriber = {
  orgId: 'org_1',
  currency: 'EUR',
  timeZone: 'UTC',
  billing: { anchor: january, interval: 'P1M', policy: 'second.v1' },
  plans: [planFrom('core', january), planFrom('pro', march, 2)],
};
const seat = seatOf(recorded('TokenCreated', january, tokenCreated()));

describe('a seat in the list', () => {
  it('has the plan and price of now while it is open', () => {
    expect(seatAnswer(seat, subscriber, prices, january)).toMatchObject({ plan: 'core', price: { amount: '100' } });
    expect(seatAnswer(seat, subscriber, prices, february)).toMatchObject({ plan: 'core', price: { amount: '200' } });
    expect(seatAnswer(seat, subscriber, prices, april)).toMatchObject({
      plan: 'pro',
      price: { amount: '300', currency: 'EUR' },
    });
  });

  it('keeps the plan and price of its closing', () => {
    const revoked = seatAnswer({ ...seat, revokedAt: inJanuary }, subscriber, prices, april);
    expect(revoked).toMatchObject({ closedAt: inJanuary, plan: 'core', price: { amount: '100' } });
    const expired = seatAnswer({ ...seat, expiresAt: february }, subscriber, prices, april);
    expect(expired).toMatchObject({ closedAt: february, plan: 'core', price: { amount: '200' } });
  });

  it('costs zero when it is not billable, even where no price exists', () => {
    const free = seatAnswer({ ...seat, billable: false }, subscriber, [], april);
    expect(free).toMatchObject({ billable: false, price: { amount: '0', currency: 'EUR' } });
  });

  it('is never priced by accident', () => {
    expect(() => seatAnswer(seat, subscriber, [], april)).toThrow(expect.objectContaining({ code: 'PRICE_MISSING' }));
  });
});
