import type { Seat } from '../domain/seat.ts';

/** The columns of `billing.seats` (as `seat`) under the names of the domain. */
export const seatColumns = `seat.org_id AS "orgId", seat.token_id AS "tokenId", seat.product, seat.scope, seat.billable,
  seat.opened_at AS "openedAt", seat.opened_position AS "openedPosition", seat.opened_by AS "openedBy",
  seat.account_id AS "accountId", seat.first, seat.changes, seat.expires_at AS "expiresAt",
  seat.revoked_at AS "revokedAt", seat.revoked_by AS "revokedBy", seat.moved_position AS "movedPosition"`;

/** A seat that Postgres has put into JSON. */
export function seatFromJson(seat: Seat): Seat {
  return {
    ...seat,
    openedAt: instant(seat.openedAt),
    expiresAt: seat.expiresAt && instant(seat.expiresAt),
    revokedAt: seat.revokedAt && instant(seat.revokedAt),
  };
}

/** Inside JSON, Postgres spells an instant its own way (`+00:00`, no trailing zeros). */
export function instant(text: string): string {
  return new Date(text).toISOString();
}
