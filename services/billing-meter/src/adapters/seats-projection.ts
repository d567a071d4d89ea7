import type { RecordedTollgateEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import { defineProjection } from '@tollgate/projection';
import { evolveSeat, isSeatEvent, type Seat, type SeatEvent } from '../domain/seat.ts';
import { seatColumns } from './seat-columns.ts';
import { seatsTables, type SeatsTable } from './seats-tables.ts';

type PhysicalName = (table: SeatsTable) => string;

/** What billing reads: organizations with their plans, prices, seats, and how far the development clock was moved. */
export const seatsProjection = defineProjection({
  name: 'seats',
  schema: 'billing',
  tables: seatsTables,
  async apply(tx, events, table) {
    for (const event of events) await applyToTerms(tx, event, table);
    await applyToSeats(tx, events.filter(isSeatEvent), table);
  },
});

/** Rare events, one statement each. The checkpoint of the same transaction keeps a repetition away. */
async function applyToTerms(tx: ClientBase, event: RecordedTollgateEvent, table: PhysicalName): Promise<void> {
  switch (event.type) {
    case 'OrganizationRegistered': {
      const { currency, timeZone, billing, plan } = event.data;
      await tx.query(
        `INSERT INTO ${table('subscribers')} (org_id, currency, time_zone, anchor, billing_interval, policy)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [event.orgId, currency, timeZone, billing.anchor, billing.interval, billing.policy],
      );
      return beginPlan(tx, event, plan, table);
    }
    case 'PlanChanged':
      return beginPlan(tx, event, event.data.plan, table);
    case 'SeatPriceSet': {
      const { product, plan, scope, currency, amount, effectiveFrom } = event.data;
      await tx.query(
        `INSERT INTO ${table('prices')} (product, position, plan, scope, currency, amount, effective_from, event_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [product, event.position, plan, scope, currency, amount, effectiveFrom, event.id],
      );
      return;
    }
    case 'ClockMoved':
      await tx.query(
        `INSERT INTO ${table('clock')} (offset_ms) VALUES ($1)
         ON CONFLICT (singleton) DO UPDATE SET offset_ms = excluded.offset_ms`,
        [event.data.offsetMs],
      );
  }
}

async function beginPlan(
  tx: ClientBase,
  event: RecordedTollgateEvent,
  plan: string,
  table: PhysicalName,
): Promise<void> {
  await tx.query(
    `INSERT INTO ${table('plans')} (org_id, position, plan, since, event_id, event_type) VALUES ($1, $2, $3, $4, $5, $6)`,
    [event.orgId, event.position, plan, event.at, event.id, event.type],
  );
}

/** Loads the seats that the batch touches, lets the domain fold them, and writes them back: three steps for any batch. */
async function applyToSeats(tx: ClientBase, events: SeatEvent[], table: PhysicalName): Promise<void> {
  if (events.length === 0) return;
  const seats = await loadSeats(tx, events, table);
  for (const event of events) seats.set(keyOf(event), evolveSeat(seats.get(keyOf(event)) ?? null, event));
  await tx.query(
    `INSERT INTO ${table('seats')}
       (org_id, token_id, product, scope, billable, opened_at, opened_position, opened_by, account_id, first, changes,
        expires_at, revoked_at, revoked_by, moved_position)
     SELECT "orgId", "tokenId", product, scope, billable, "openedAt", "openedPosition", "openedBy", "accountId", first,
            changes, "expiresAt", "revokedAt", nullif("revokedBy", 'null'), "movedPosition"
       FROM jsonb_to_recordset($1) AS seat ("orgId" text, "tokenId" text, product text, scope text, billable boolean,
            "openedAt" timestamptz, "openedPosition" bigint, "openedBy" text, "accountId" text, first jsonb, changes jsonb,
            "expiresAt" timestamptz, "revokedAt" timestamptz, "revokedBy" jsonb, "movedPosition" bigint)
     ON CONFLICT (org_id, token_id) DO UPDATE SET (account_id, changes, expires_at, revoked_at, revoked_by, moved_position)
       = (excluded.account_id, excluded.changes, excluded.expires_at, excluded.revoked_at, excluded.revoked_by,
          excluded.moved_position)`,
    [JSON.stringify([...seats.values()])],
  );
}

async function loadSeats(tx: ClientBase, events: SeatEvent[], table: PhysicalName): Promise<Map<string, Seat>> {
  const { rows } = await tx.query<Seat>(
    `SELECT ${seatColumns}
       FROM ${table('seats')} AS seat
       JOIN unnest($1::text[], $2::text[]) AS touched (org_id, token_id) USING (org_id, token_id)`,
    [events.map(({ orgId }) => orgId), events.map(({ data }) => data.tokenId)],
  );
  return new Map(rows.map((seat) => [`${seat.orgId} ${seat.tokenId}`, seat]));
}

function keyOf(event: SeatEvent): string {
  return `${event.orgId} ${event.data.tokenId}`;
}
