import type { Quote, ScopeType } from '@tollgate/contracts';
import { billingPeriodAt, prorate } from '@tollgate/proration';
import { priceAt, type SeatPrice } from './price-list.ts';
import { planAt, type Subscriber } from './subscriber.ts';

export interface QuoteRequest {
  readonly subscriber: Subscriber;
  readonly prices: readonly SeatPrice[];
  readonly product: string;
  readonly scope: ScopeType;
  /** When the seat would open. */
  readonly at: string;
}

/**
 * What one more seat costs: the recurring price, and the share of the first period from `at` to its end by the
 * organization's own policy, in its time zone, counted from its anchor. Plan and price are those that hold at `at`.
 * @throws TollgateError PRICE_MISSING when no price holds then.
 */
export function quote({ subscriber, prices, product, scope, at }: QuoteRequest): Quote {
  const { currency, timeZone, billing } = subscriber;
  const price = priceAt(prices, { product, scope, currency, plan: planAt(subscriber, at) }, at);
  const { start, end } = billingPeriodAt({ anchor: billing.anchor, interval: billing.interval, timeZone }, at);
  const share = prorate({
    policy: billing.policy,
    timeZone,
    unitPrice: BigInt(price.amount),
    quantity: 1,
    period: { start, end },
    active: { start: at, end },
  });
  return {
    recurring: { amount: price.amount, currency },
    firstPeriod: {
      period: { start, end },
      numerator: Number(share.numerator),
      denominator: Number(share.denominator),
      policy: billing.policy,
      amount: { amount: share.amount.toString(), currency },
    },
  };
}
