import type { Evidence, RecordedTollgateEvent, ScopeType } from '@tollgate/contracts';

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
  readonly openedBy: string;
  /** The account and the expiry that the token was created with. */
  readonly first: { readonly accountId: string; readonly expiresAt: string | null };
  /** What changed since, in log order. */
  readonly changes: readonly SeatChange[];
  readonly accountId: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** The TokenRevoked. */
  readonly revokedBy: Evidence | null;
  /** Position of the last event that opened or closed the seat or moved its end. */
  readonly movedPosition: number;
}

/** A reassignment or another expiry: the event, when it happened and what it says. */
export interface SeatChange extends Evidence {
  readonly at: string;
  readonly accountId?: string;
  readonly expiresAt?: string | null;
}

/** The only events that move a seat. Regenerate, rename, activate and deactivate leave it as it is. */
export const seatEventTypes = ['TokenCreated', 'TokenExpiryChanged', 'TokenReassigned', 'TokenRevoked'] as const;
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
  const { position, at } = event;
  switch (event.type) {
    case 'TokenRevoked':
      if (seat.revokedAt !== null) return seat;
      return { ...seat, revokedAt: at, revokedBy: evidenceOf(event), movedPosition: position };
    case 'TokenExpiryChanged': {
      if (isKnown(seat, event)) return seat;
      const { expiresAt } = event.data;
      const changes = [...seat.changes, { ...evidenceOf(event), at, expiresAt }];
      return { ...seat, expiresAt, changes, movedPosition: position };
    }
    case 'TokenReassigned': {
      if (isKnown(seat, event)) return seat;
      const { accountId } = event.data;
      return { ...seat, accountId, changes: [...seat.changes, { ...evidenceOf(event), at, accountId }] };
    }
  }
}

function isKnown(seat: Seat, { position }: SeatEvent): boolean {
  return seat.changes.some((change) => change.position === position);
}

/** What an amount names of an event. */
function evidenceOf({ id, position, type }: Evidence): Evidence {
  return { id, position, type };
}

function openedBy(event: Extract<SeatEvent, { type: 'TokenCreated' }>): Seat {
  if (event.orgId === null) throw new Error(`TokenCreated at position ${event.position} belongs to no organization`);
  const { tokenId, accountId, product, scope, billable, environment, expiresAt } = event.data;
  return {
    orgId: event.orgId,
    tokenId,
    product,
    scope: scope.type,
    billable: billable && environment !== 'test',
    openedAt: event.at,
    openedPosition: event.position,
    openedBy: event.id,
    first: { accountId, expiresAt },
    changes: [],
    accountId,
    expiresAt,
    revokedAt: null,
    revokedBy: null,
    movedPosition: event.position,
  };
}

/** The seat as the log up to a position knows it; null if it knows none. */
export function seatAsOf(seat: Seat, position: number): Seat | null {
  if (seat.openedPosition > position) return null;
  const { changes, revokedBy } = seat;
  const revoked = revokedBy !== null && revokedBy.position <= position;
  const isLast = changes.every((change) => change.position <= position);
  if (isLast && (revoked || revokedBy === null)) return seat;
  const known = changes.filter((change) => change.position <= position);
  const expiry = known.findLast(({ expiresAt }) => expiresAt !== undefined);
  const account = known.findLast(({ accountId }) => accountId !== undefined);
  return {
    ...seat,
    changes: known,
    accountId: account?.accountId ?? seat.first.accountId,
    expiresAt: expiry ? (expiry.expiresAt ?? null) : seat.first.expiresAt,
    revokedAt: revoked ? seat.revokedAt : null,
    revokedBy: revoked ? revokedBy : null,
  };
}

/** Why a seat ends, when, and the event that says so. */
export interface SeatEnd {
  readonly at: string;
  readonly reason: 'revoked' | 'expired';
  readonly evidence: Evidence;
}

/**
 * Where the seat ends by all that is known: at its revocation or its expiry, whichever is first. The expiry may lie in the
 * future. null: it has no end.
 */
export function endOf(seat: Seat): SeatEnd | null {
  const { expiresAt, revokedAt, revokedBy } = seat;
  if (revokedAt !== null && revokedBy !== null && (expiresAt === null || isBefore(revokedAt, expiresAt))) {
    return { at: revokedAt, reason: 'revoked', evidence: revokedBy };
  }
  if (expiresAt === null) return null;
  const change = seat.changes.findLast((one) => one.expiresAt !== undefined);
  return { at: expiresAt, reason: 'expired', evidence: change ? evidenceOf(change) : openingOf(seat) };
}

/** The TokenCreated. */
export function openingOf({ openedBy: id, openedPosition: position }: Seat): Evidence {
  return { id, position, type: 'TokenCreated' };
}

/** The account that the token was paired with at an instant, and the event that says so. */
export function accountAt(seat: Seat, at: string): { accountId: string; evidence: Evidence } {
  const change = seat.changes.findLast((one) => one.accountId !== undefined && !isBefore(at, one.at));
  if (change?.accountId !== undefined) return { accountId: change.accountId, evidence: evidenceOf(change) };
  return { accountId: seat.first.accountId, evidence: openingOf(seat) };
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
