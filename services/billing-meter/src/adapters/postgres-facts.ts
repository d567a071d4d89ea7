import { Inject, Injectable } from '@nestjs/common';
import { TollgateError, type Evidence } from '@tollgate/contracts';
import { POOL } from '@tollgate/runtime';
import { decodeEvent, storedEvent, type EventRow, type Pool } from '@tollgate/event-log';
import type { Facts, LateFact, Progress, RecordedSeat, Standing, StirredBy } from '../application/bookkeeping/ports.ts';
import { READ_MODEL, type ReadModel } from '../application/ports.ts';
import { graceMs } from '../domain/periods.ts';
import type { SeatRecord } from '../domain/seat-record.ts';
import { evolveSeat, isSeatEvent, seatEventTypes, type Seat } from '../domain/seat.ts';
import { seatColumns } from './seat-columns.ts';

/** Events of a token that change what its seat costs. */
const movingTypes = ['TokenCreated', 'TokenExpiryChanged', 'TokenRevoked'];

/** A part of the list of seats: its condition and order, and the values of $2 and on. $1 is the size of the page. */
interface Walk {
  readonly where: string;
  readonly values: readonly unknown[];
}

/**
 * What changes the terms of many seats. It is asked first whether there is any, once per page: without, Postgres would look
 * at every seat in every pass.
 */
const newPlans = 'SELECT org_id FROM billing.plans WHERE position > $2 AND position <= $3';
const newPrices = `SELECT product, scope FROM billing.prices
  WHERE position <= $3 AND effective_from <= $5 AND (position > $2 OR effective_from > $4)`;

/** How each kind of stirred seats is walked: by an index, so that a page costs the same however many there are. */
const walks: Record<StirredBy, (from: Progress, to: Progress, last: Seat | null) => Walk> = {
  // Those that moved again after `to` are among them: what is known of them up to there must be told too.
  event: (from, to, last) => ({
    where: 'moved_position > $2 AND opened_position <= $3 ORDER BY moved_position',
    values: [last?.movedPosition ?? from.position, to.position],
  }),
  expiry: (from, to, last) => ({
    where: `revoked_at IS NULL AND expires_at >= $2 AND expires_at <= $3 AND (expires_at, org_id, token_id) > ($2, $4, $5)
            ORDER BY expires_at, org_id, token_id`,
    values: last
      ? [last.expiresAt, instant(to.atMs - graceMs), last.orgId, last.tokenId]
      : [instant(from.atMs - graceMs + 1), instant(to.atMs - graceMs), '', ''],
  }),
  plan: (from, to, last) => ({
    where: `(SELECT EXISTS (${newPlans})) AND org_id IN (${newPlans})
            AND (org_id, opened_position) > ($4, $5) ORDER BY org_id, opened_position`,
    values: [from.position, to.position, last?.orgId ?? '', last?.openedPosition ?? 0],
  }),
  price: (from, to, last) => ({
    where: `(SELECT EXISTS (${newPrices})) AND billable AND (product, scope) IN (${newPrices})
            AND (org_id, opened_position) > ($6, $7) ORDER BY org_id, opened_position`,
    values: [
      ...[from.position, to.position, instant(from.atMs), instant(to.atMs)],
      ...[last?.orgId ?? '', last?.openedPosition ?? 0],
    ],
  }),
};

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

  async stirredSeats(
    by: StirredBy,
    from: Progress,
    to: Progress,
    last: Seat | null,
    limit: number,
  ): Promise<RecordedSeat[]> {
    const { where, values } = walks[by](from, to, last);
    const { rows } = await this.pool.query<Seat & Partial<SeatRecord> & { version: number | null }>(
      `SELECT seat.*, record.version, record.terms, record.since, record.closed_at AS "closedAt"
         FROM (SELECT ${seatColumns}, row_number() OVER () AS place FROM (
                 SELECT * FROM billing.seats WHERE ${where} LIMIT $1) AS seat) AS seat
         LEFT JOIN billing.seat_records AS record ON record.org_id = seat."orgId" AND record.token_id = seat."tokenId"
        ORDER BY place`,
      [limit, ...values],
    );
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
