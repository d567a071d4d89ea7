import { Inject, Injectable } from '@nestjs/common';
import type { BillingCloudEvent } from '@tollgate/contracts';
import type { Pool } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import type { PostedLine } from '../application/bookkeeping/ports.ts';
import type { EvidenceEvent, Interval, IssuedStatement, Statements, Stretch } from '../application/statements/ports.ts';
import type { Seat } from '../domain/seat.ts';
import { readFeed } from './feed-reader.ts';
import { lineColumns, readLines } from './postgres-books.ts';
import { seatColumns } from './seat-columns.ts';

/** Reads the views of both projections, and the events that amounts name. */
@Injectable()
export class PostgresStatements implements Statements {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  async list(orgId: string, after: number, limit: number): Promise<IssuedStatement[]> {
    const { rows } = await this.pool.query<IssuedStatement>(
      `SELECT closing, issue, issued_at AS "issuedAt" FROM billing.statements
        WHERE org_id = $1 AND no > $2 AND issue IS NOT NULL ORDER BY no LIMIT $3`,
      [orgId, after, limit],
    );
    return rows;
  }

  async line(orgId: string, id: string): Promise<PostedLine | null> {
    const { rows } = await this.pool.query<PostedLine>(
      `SELECT ${lineColumns} FROM billing.lines WHERE org_id = $1 AND id = $2`,
      [orgId, id],
    );
    return rows[0] ?? null;
  }

  lines(orgId: string, no: number, afterLine: number, limit: number): Promise<PostedLine[]> {
    return readLines(this.pool, orgId, no, afterLine, limit);
  }

  async evidence(orgId: string, positions: readonly number[]): Promise<EvidenceEvent[]> {
    const { rows } = await this.pool.query<EvidenceEvent>(
      `SELECT id, position, type, at, data FROM log.events
        WHERE position = ANY($2) AND (org_id = $1 OR org_id IS NULL) ORDER BY position`,
      [orgId, positions],
    );
    return rows;
  }

  async feed(orgId: string, afterSequence: number, limit: number): Promise<BillingCloudEvent[]> {
    return (await readFeed(this.pool, { orgId, afterSequence, limit })).map(({ event }) => event);
  }

  async seatsWithin(orgId: string, { start, end }: Interval, afterPosition: number, limit: number): Promise<Seat[]> {
    const { rows } = await this.pool.query<Seat>(
      `SELECT ${seatColumns} FROM billing.seats AS seat WHERE ${within} AND opened_position > $4
        ORDER BY opened_position LIMIT $5`,
      [orgId, start, end, afterPosition, limit],
    );
    return rows;
  }

  async stretchesWithin(orgId: string, { start, end }: Interval): Promise<Stretch[]> {
    const { rows } = await this.pool.query<Stretch>(
      `SELECT product, scope, billable, (extract(epoch FROM start_at) * 1000)::bigint AS "startMs",
              (extract(epoch FROM end_at) * 1000)::bigint AS "endMs", count(*) AS seats
         FROM (SELECT product, scope, billable, greatest(opened_at, $2::timestamptz) AS start_at,
                      least(revoked_at, expires_at, $3::timestamptz) AS end_at
                 FROM billing.seats AS seat WHERE ${within}) AS stretch
        GROUP BY product, scope, billable, start_at, end_at`,
      [orgId, start, end],
    );
    return rows;
  }
}

/** The seats of organization $1 that are open at some time of the interval from $2 to $3. */
const within = `org_id = $1 AND opened_at < $3::timestamptz AND (revoked_at IS NULL OR revoked_at > $2::timestamptz)
  AND (expires_at IS NULL OR expires_at > $2::timestamptz)`;
