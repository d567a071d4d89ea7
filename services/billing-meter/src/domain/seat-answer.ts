import type { Seat as SeatAnswer } from '@tollgate/contracts';
import { priceAt, type SeatPrice } from './price-list.ts';
import { closedAt, type Seat } from './seat.ts';
import { planAt, type Subscriber } from './subscriber.ts';

/**
 * A seat as it is shown at `now` (authority time). Plan and price are those of now while it is open, and those of its
 * closing once it is closed. A seat that is not billable costs nothing and needs no price.
 * @throws TollgateError PRICE_MISSING when a billable seat has none.
 */
export function seatAnswer(seat: Seat, subscriber: Subscriber, prices: readonly SeatPrice[], now: string): SeatAnswer {
  const { tokenId, product, scope, billable, openedAt } = seat;
  const { currency } = subscriber;
  const closed = closedAt(seat, now);
  const plan = planAt(subscriber, closed ?? now);
  const amount = billable ? priceAt(prices, { product, scope, currency, plan }, closed ?? now).amount : '0';
  return { tokenId, product, scope, plan, billable, openedAt, closedAt: closed, price: { amount, currency } };
}
