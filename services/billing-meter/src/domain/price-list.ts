import type { Plan, ScopeType } from '@tollgate/contracts';
import { TollgateError } from '@tollgate/contracts';

/** One SeatPriceSet: what a seat costs per full period from `effectiveFrom` on. */
export interface SeatPrice {
  readonly product: string;
  readonly plan: Plan;
  readonly scope: ScopeType;
  /** null: the amount holds in whatever currency the organization has. */
  readonly currency: string | null;
  /** Minor units, a digit string. */
  readonly amount: string;
  readonly effectiveFrom: string;
  /** The event, and its place in the log, which is the version of the price. */
  readonly id: string;
  readonly position: number;
}

/** What a price is asked for. */
export interface SeatKind {
  readonly product: string;
  readonly plan: Plan;
  readonly scope: ScopeType;
  readonly currency: string;
}

/**
 * The price that holds at an instant: of all that have begun to hold, the one that began last. Among those that began
 * together, one in the organization's own currency comes before one for any currency, and the later entry in the log
 * before the earlier, which it corrects.
 * @throws TollgateError PRICE_MISSING when none holds: a seat is never priced at zero by accident.
 */
export function priceAt(prices: readonly SeatPrice[], kind: SeatKind, at: string): SeatPrice {
  const best = findPrice(prices, kind, at);
  if (!best) {
    throw new TollgateError(
      'PRICE_MISSING',
      `Product ${kind.product} has no price for a ${kind.scope} seat on plan ${kind.plan} in ${kind.currency} at ${at}. ` +
        `The operator sets one with PUT /v1/products/${kind.product}/prices, effective from that time or before.`,
    );
  }
  return best;
}

/** The same; undefined when no price holds. */
export function findPrice(prices: readonly SeatPrice[], kind: SeatKind, at: string): SeatPrice | undefined {
  let best: SeatPrice | undefined;
  for (const price of prices) {
    if (appliesTo(price, kind) && Date.parse(price.effectiveFrom) <= Date.parse(at) && (!best || beats(price, best))) {
      best = price;
    }
  }
  return best;
}

function appliesTo(price: SeatPrice, kind: SeatKind): boolean {
  return (
    price.product === kind.product &&
    price.plan === kind.plan &&
    price.scope === kind.scope &&
    (price.currency === null || price.currency === kind.currency)
  );
}

function beats(price: SeatPrice, other: SeatPrice): boolean {
  const later = Date.parse(price.effectiveFrom) - Date.parse(other.effectiveFrom);
  if (later !== 0) return later > 0;
  if ((price.currency === null) !== (other.currency === null)) return price.currency !== null;
  return price.position > other.position;
}
