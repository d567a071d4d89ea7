import type { Evidence, Plan, ScopeType, SeatTerms } from '@tollgate/contracts';
import { findPrice, type SeatPrice } from './price-list.ts';
import { planSince, type Subscriber } from './subscriber.ts';

/** A stretch of time in which a kind of seat has one plan and one price. */
export interface TermsSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly plan: Plan;
  /** null: the seat is not billable, or no price was set for it. */
  readonly price: SeatPrice | null;
  /** The events that set plan and price. */
  readonly evidence: readonly Evidence[];
}

export interface SeatKindOf {
  readonly product: string;
  readonly scope: ScopeType;
  readonly billable: boolean;
}

/** What plans and prices are taken from: those of the log up to `asOf`. */
export interface TermsSource {
  readonly subscriber: Subscriber;
  readonly prices: readonly SeatPrice[];
  readonly asOf: number;
}

/**
 * The stretches of a half-open interval, in order and without gaps, cut wherever the plan or the price of a kind of seat
 * changes. A change at the very start of the interval cuts nothing.
 */
export function termsOver(source: TermsSource, kind: SeatKindOf, startMs: number, endMs: number): TermsSegment[] {
  const plans = source.subscriber.plans.filter(({ position }) => position <= source.asOf);
  const subscriber = { ...source.subscriber, plans };
  const prices = kind.billable
    ? source.prices.filter(
        ({ product, scope, position }) => position <= source.asOf && product === kind.product && scope === kind.scope,
      )
    : [];
  const changes = [...plans.map(({ since }) => since), ...prices.map(({ effectiveFrom }) => effectiveFrom)];
  const cuts = [...new Set(changes.map((change) => Date.parse(change)))]
    .filter((ms) => ms > startMs && ms < endMs)
    .sort((a, b) => a - b);
  const segments: TermsSegment[] = [];
  for (const [index, from] of [startMs, ...cuts].entries()) {
    const segment = segmentAt(subscriber, prices, kind, from, cuts[index] ?? endMs);
    const last = segments.at(-1);
    if (last && sameTerms(last, segment)) segments[segments.length - 1] = { ...last, endMs: segment.endMs };
    else segments.push(segment);
  }
  return segments;
}

function segmentAt(
  subscriber: Subscriber,
  prices: readonly SeatPrice[],
  { product, scope }: SeatKindOf,
  startMs: number,
  endMs: number,
): TermsSegment {
  const at = new Date(startMs).toISOString();
  const { plan, id, position, type } = planSince(subscriber, at);
  const price = findPrice(prices, { product, scope, plan, currency: subscriber.currency }, at) ?? null;
  const evidence: Evidence[] = [{ id, position, type }];
  if (price) evidence.push({ id: price.id, position: price.position, type: 'SeatPriceSet' });
  return { startMs, endMs, plan, price, evidence };
}

function sameTerms(a: TermsSegment, b: TermsSegment): boolean {
  return a.plan === b.plan && a.price?.position === b.price?.position;
}

/** The terms as events and lines carry them. */
export function seatTerms({ plan, price }: Pick<TermsSegment, 'plan' | 'price'>, currency: string): SeatTerms {
  return {
    plan,
    price: { amount: price?.amount ?? '0', currency },
    priceVersion: price?.position ?? null,
  };
}
