import type { RecordedTollgateEvent, ScopeType } from '@tollgate/contracts';

/**
 * A seat as the events leave it. Plan, price and whether an expiry has come depend on the instant that is asked about,
 * so they are not part of it. Instants are RFC 3339 UTC with milliseconds.
 */
export interface Seat {
  readonly orgId: string;
  readonly tokenId: string;
  readonly product: string;
  readonly scope: ScopeType;
  /** False for managed agents that say so and for test tokens: the seat is visible and costs nothing. */
  readonly billable: boolean;
  readonly openedAt: string;
  /** Position of the TokenCreated: the order of seats within an organization. */
  readonly openedPosition: number;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** The only events that move a seat. Regenerate, rename, reassign, activate and deactivate leave it as it is. */
export const seatEventTypes = ['TokenCreated', 'TokenExpiryChanged', 'TokenRevoked'] as const;
export type SeatEvent = RecordedTollgateEvent<(typeof seatEventTypes)[number]>;

export function isSeatEvent(event: { readonly type: string }): event is SeatEvent {
  return (seatEventTypes as readonly string[]).includes(event.type);
}

/**
 * The seat after the event. A repeated event changes nothing.
 * @throws Error when the log closes a seat that it never opened, or knows no organization: the log itself is wrong then.
 */
export function evolveSeat(seat: Seat | null, event: SeatEvent): Seat {
  if (event.type === 'TokenCreated') return seat ?? openedBy(event);
  if (!seat) throw new Error(`${event.type} at position ${event.position} names a token that was never created`);
  if (event.type === 'TokenExpiryChanged') return { ...seat, expiresAt: event.data.expiresAt };
  return seat.revokedAt === null ? { ...seat, revokedAt: event.at } : seat;
}

function openedBy(event: Extract<SeatEvent, { type: 'TokenCreated' }>): Seat {
  if (event.orgId === null) throw new Error(`TokenCreated at position ${event.position} belongs to no organization`);
  const { tokenId, product, scope, billable, environment, expiresAt } = event.data;
  return {
    orgId: event.orgId,
    tokenId,
    product,
    scope: scope.type,
    billable: billable && environment !== 'test',
    openedAt: event.at,
    openedPosition: event.position,
    expiresAt,
    revokedAt: null,
  };
}

/**
 * When the seat closed, as seen at `now` (authority time): at its revocation or its expiry, whichever is first, whether
 * or not any event told of the expiry. null: open. The interval is half-open, so a seat that expires now is closed.
 */
export function closedAt(seat: Pick<Seat, 'expiresAt' | 'revokedAt'>, now: string): string | null {
  const { expiresAt, revokedAt } = seat;
  if (expiresAt === null) return revokedAt;
  if (revokedAt !== null) return isBefore(revokedAt, expiresAt) ? revokedAt : expiresAt;
  return isBefore(now, expiresAt) ? null : expiresAt;
}

function isBefore(left: string, right: string): boolean {
  return Date.parse(left) < Date.parse(right);
}
