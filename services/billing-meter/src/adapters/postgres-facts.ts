import { Inject, Injectable } from '@nestjs/common';
import { TollgateError, type Evidence } from '@tollgate/contracts';
import { POOL } from '@tollgate/runtime';
import { decodeEvent, storedEvent, type EventRow, type Pool } from '@tollgate/event-log';
import type { Facts, LateFact, Progress, RecordedSeat, SeatPlace, Standing } from '../application/bookkeeping/ports.ts';
import { READ_MODEL, type ReadModel } from '../application/ports.ts';
import { graceMs } from '../domain/periods.ts';
import type { SeatRecord } from '../domain/seat-record.ts';
import { evolveSeat, isSeatEvent, seatEventTypes, type Seat } from '../domain/seat.ts';
import { seatColumns } from './seat-columns.ts';

/** Events of a token that change what its seat costs. */
const movingTypes = ['TokenCreated', 'TokenExpiryChanged', 'TokenRevoked'];

/** What changes the terms of many seats between two standings: a plan of an organization, a price. */
const newTerms = `
  plans AS (SELECT DISTINCT org_id FROM billing.plans WHERE position > $1 AND position <= $2),
  prices AS (SELECT DISTINCT product, scope FROM billing.prices
              WHERE position <= $2 AND ((position > $1 AND effective_from <= $4)
                 OR (effective_from > $3 AND effective_from <= $4)))`;

const movedSeats = `
  SELECT org_id, token_id FROM billing.seats WHERE moved_position > $1 AND moved_position <= $2
   UNION SELECT org_id, token_id FROM billing.seats WHERE revoked_at IS NULL AND expires_at > $5 AND expires_at <= $6`;

const seatsUnderNewTerms = `
   UNION SELECT org_id, token_id FROM billing.seats JOIN plans USING (org_id)
   UNION SELECT org_id, token_id FROM billing.seats JOIN prices USING (product, scope) WHERE billable`;

/**
 * Seats to look at between two standings: they moved, expired, or their terms changed. The latter may be all seats there
 * are, and Postgres plans for that: so it is asked for only when there are such terms.
 */
const stirredQuery = (termsChanged: boolean) => `
  WITH ${newTerms}, stirred AS (${movedSeats}${termsChanged ? seatsUnderNewTerms : ''})
  SELECT ${seatColumns}, record.version, record.terms, record.since, record.closed_at AS "closedAt"
    FROM stirred JOIN billing.seats AS seat USING (org_id, token_id)
    LEFT JOIN billing.seat_records AS record USING (org_id, token_id)
   WHERE record.closed_at IS NULL AND (seat.org_id, seat.opened_position) > ($7, $8)
   ORDER BY seat.org_id, seat.opened_position LIMIT $9`;

/** Reads the views of the projection `seats` and, for late facts, the main log. */
@Injectable()
export class PostgresFacts implements Facts {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async caughtUp(): Promise<Standing> {
    await this.readModel.catchUp();
    // One statement: a clock that moved in between would make time pass that the position doesn't cover.
    const { rows } = await this.pool.query<Standing>(
      `SELECT position, coalesce((SELECT offset_ms FROM billing.clock), 0) AS "clockOffsetMs",
              coalesce((SELECT at FROM log.events WHERE events.position = checkpoint.position), 'epoch') AS "lastAt"
         FROM billing.projection_checkpoints AS checkpoint WHERE name = 'seats' AND live`,
    );
    if (!rows[0])
      throw new TollgateError('READ_MODEL_BEHIND', 'The read model seats is being made. Ask again shortly.');
    return rows[0];
  }

  async registeredBetween(after: number, upTo: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ org_id: string }>(
      `SELECT org_id FROM billing.plans WHERE event_type = 'OrganizationRegistered' AND position > $1 AND position <= $2`,
      [after, upTo],
    );
    return rows.map(({ org_id }) => org_id);
  }

  async stirredSeats(from: Progress, to: Progress, after: SeatPlace | null, limit: number): Promise<RecordedSeat[]> {
    const terms = [from.position, to.position, instant(from.atMs), instant(to.atMs)];
    const { rows: found } = await this.pool.query<{ changed: boolean }>(
      `WITH ${newTerms} SELECT EXISTS (SELECT FROM plans) OR EXISTS (SELECT FROM prices) AS changed`,
      terms,
    );
    const query = stirredQuery(found[0]!.changed);
    const { rows } = await this.pool.query<Seat & Partial<SeatRecord> & { version: number | null }>(query, [
      ...terms,
      instant(from.atMs - graceMs),
      instant(to.atMs - graceMs),
      after?.orgId ?? '',
      after?.openedPosition ?? 0,
      limit,
    ]);
    return rows.map(({ version, terms, since, closedAt, ...seat }) => ({
      seat,
      record: terms && since ? { terms, since, closedAt: closedAt ?? null } : null,
      version: version ?? 0,
    }));
  }

  async seatsWithin(
    orgId: string,
    { start, end, asOf }: { start: string; end: string; asOf: number },
    afterPosition: number,
    limit: number,
  ): Promise<Seat[]> {
    // A seat whose end became known later, or moved, may have been open by that standing of the log.
    const { rows } = await this.pool.query<Seat>(
      `SELECT ${seatColumns} FROM billing.seats AS seat
        WHERE org_id = $1 AND opened_position > $4 AND opened_at < $3
          AND (revoked_at IS NULL OR revoked_at > $2 OR (revoked_by ->> 'position')::bigint > $6)
          AND (expires_at IS NULL OR expires_at > $2 OR jsonb_array_length(changes) > 0)
        ORDER BY opened_position LIMIT $5`,
      [orgId, start, end, afterPosition, limit, asOf],
    );
    return rows;
  }

  async allSeats(orgId: string): Promise<Seat[]> {
    const { rows } = await this.pool.query<Seat>(
      `SELECT ${seatColumns} FROM billing.seats AS seat WHERE org_id = $1 ORDER BY opened_position`,
      [orgId],
    );
    return rows;
  }

  async foldedSeats(orgId: string, upTo: number): Promise<Seat[]> {
    const { rows } = await this.pool.query<EventRow>(
      `SELECT * FROM log.events WHERE org_id = $1 AND position <= $2 AND type = ANY($3) ORDER BY position`,
      [orgId, upTo, seatEventTypes],
    );
    const seats = new Map<string, Seat>();
    for (const event of rows.map((row) => decodeEvent(storedEvent(row)))) {
      if (isSeatEvent(event)) seats.set(event.data.tokenId, evolveSeat(seats.get(event.data.tokenId) ?? null, event));
    }
    return [...seats.values()];
  }

  async seatsOf(orgId: string, tokenIds: readonly string[]): Promise<Seat[]> {
    const { rows } = await this.pool.query<Seat>(
      `SELECT ${seatColumns} FROM billing.seats AS seat WHERE org_id = $1 AND token_id = ANY($2) ORDER BY opened_position`,
      [orgId, tokenIds],
    );
    return rows;
  }

  async lateFacts(orgId: string, after: number, upTo: number, before: string): Promise<LateFact[]> {
    const { rows } = await this.pool.query<Evidence & { from: string; tokenId: string | null }>(
      `SELECT id, position, type, at AS "from", data ->> 'tokenId' AS "tokenId"
         FROM log.events WHERE org_id = $1 AND position > $2 AND position <= $3 AND at < $4
          AND type = ANY($5)
        UNION ALL
       SELECT event_id, position, event_type, since, NULL FROM billing.plans
        WHERE org_id = $1 AND position > $2 AND position <= $3 AND since < $4
        UNION ALL
       SELECT event_id, position, 'SeatPriceSet', effective_from, NULL FROM billing.prices
        WHERE position > $2 AND position <= $3 AND effective_from < $4
        ORDER BY position`,
      [orgId, after, upTo, before, movingTypes],
    );
    return rows.map(({ from, tokenId, ...evidence }) => ({ evidence, from, tokenId }));
  }
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
