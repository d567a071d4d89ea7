import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import type { Books, PostedAmount, PostedLine, Progress, StatementRecord } from '../application/bookkeeping/ports.ts';
import { chained } from './billing-feed.ts';
import { readFeed } from './feed-reader.ts';
import { LedgerReadModel } from './ledger-read-model.ts';

type StatementRow = StatementRecord & { orgId: string };

export const lineColumns = 'id, no, line_no AS "lineNo", kind, amount, posted_at AS "postedAt", data';
const statementColumns = 'org_id AS "orgId", no, closing, version, issue';

/** Reads the views of the projection `ledger`, and keeps how far the clerk has come. */
@Injectable()
export class PostgresBooks implements Books {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    private readonly ledger: LedgerReadModel,
  ) {}

  caughtUp(): Promise<void> {
    return this.ledger.booked();
  }

  async lastStatements(orgIds?: readonly string[]): Promise<Map<string, StatementRecord>> {
    const { rows } = await this.pool.query<StatementRow>(
      `SELECT DISTINCT ON (org_id) ${statementColumns} FROM billing.statements
        WHERE $1::text[] IS NULL OR org_id = ANY($1) ORDER BY org_id, no DESC`,
      [orgIds ?? null],
    );
    return new Map(rows.map(({ orgId, ...statement }) => [orgId, statement]));
  }

  async statement(orgId: string, no: number): Promise<StatementRecord | null> {
    const { rows } = await this.pool.query<StatementRow>(
      `SELECT ${statementColumns} FROM billing.statements WHERE org_id = $1 AND no = $2`,
      [orgId, no],
    );
    return rows[0] ?? null;
  }

  async postedFor(orgId: string, statement: number, tokenId: string, before: number): Promise<PostedAmount[]> {
    const { rows } = await this.pool.query<{ id: string; amount: string }>(
      `SELECT id, amount FROM billing.lines
        WHERE org_id = $1 AND token_id = $2 AND of_statement = $3 AND no < $4 ORDER BY no, line_no`,
      [orgId, tokenId, statement, before],
    );
    return rows.map(({ id, amount }) => ({ id, amount: { amount } }));
  }

  lines(orgId: string, no: number, afterLine: number, limit: number): Promise<PostedLine[]> {
    return readLines(this.pool, orgId, no, afterLine, limit);
  }

  async overview(orgId: string, upTo: number): Promise<{ statements: number[]; untoldSeats: number }> {
    const { rows } = await this.pool.query<{ statements: number[]; untoldSeats: number }>(
      `SELECT coalesce((SELECT array_agg(no ORDER BY no) FROM billing.statements WHERE org_id = $1), '{}') AS statements,
              (SELECT count(*) FROM billing.seats AS seat WHERE org_id = $1 AND opened_position <= $2 AND NOT EXISTS (
                 SELECT FROM billing.seat_records AS record WHERE record.org_id = $1 AND record.token_id = seat.token_id)
              ) AS "untoldSeats"`,
      [orgId, upTo],
    );
    return rows[0]!;
  }

  async feedDifferences(orgId: string): Promise<{ events: number; differences: string[] }> {
    const { rows } = await this.pool.query<{
      events: number;
      told: number;
      last: number;
      carried: number;
      digest: string;
    }>(
      `SELECT (SELECT count(*) FROM billing_log.events WHERE org_id = $1) AS events, count(*) AS told,
              coalesce(max(sequence), 0) AS last,
              coalesce((SELECT sequence FROM billing.published WHERE org_id = $1), 0) AS carried,
              (SELECT digest FROM billing.published WHERE org_id = $1) AS digest
         FROM billing.feed WHERE org_id = $1`,
      [orgId],
    );
    const { events, told, last, carried, digest } = rows[0]!;
    const differences: string[] = [];
    if (told !== last) differences.push(`the sequence of ${orgId} ends at ${last} and has ${told} events`);
    if (told > events) differences.push(`the sequence of ${orgId} has ${told} events and the billing log ${events}`);
    if (carried > last) differences.push(`the stream carried ${carried} events of ${orgId}, and there are ${last}`);
    let expected = '';
    for (let after = 0; after < carried;) {
      const page = await readFeed(this.pool, { orgId, afterSequence: after, limit: Math.min(500, carried - after) });
      if (page.length === 0) break;
      for (const { event } of page) expected = chained(expected, JSON.stringify(event));
      after += page.length;
    }
    if (carried > 0 && expected !== digest) {
      differences.push(
        `what the stream carried for ${orgId} up to sequence ${carried} is not what the billing log says`,
      );
    }
    return { events: told, differences };
  }

  async progress(): Promise<Progress> {
    const { rows } = await this.pool.query<Progress>('SELECT position, at_ms AS "atMs" FROM billing.clerk');
    return rows[0] ?? { position: 0, atMs: 0 };
  }

  async saveProgress({ position, atMs }: Progress): Promise<void> {
    await this.pool.query(
      `INSERT INTO billing.clerk (position, at_ms) VALUES ($1, $2)
       ON CONFLICT (singleton) DO UPDATE SET position = excluded.position, at_ms = excluded.at_ms`,
      [position, atMs],
    );
  }

  async halts(): Promise<Map<string, string>> {
    const { rows } = await this.pool.query<{ org_id: string; reason: string }>(
      'SELECT org_id, reason FROM billing.halts',
    );
    return new Map(rows.map(({ org_id, reason }) => [org_id, reason]));
  }

  async halt(orgId: string, reason: string): Promise<void> {
    await this.pool.query(
      `INSERT INTO billing.halts (org_id, reason) VALUES ($1, $2)
       ON CONFLICT (org_id) DO UPDATE SET reason = excluded.reason`,
      [orgId, reason],
    );
  }

  async resume(orgId: string): Promise<void> {
    await this.pool.query('DELETE FROM billing.halts WHERE org_id = $1', [orgId]);
  }
}

/** The next lines of a statement, in their order. */
export async function readLines(
  pool: Pool,
  orgId: string,
  no: number,
  afterLine: number,
  limit: number,
): Promise<PostedLine[]> {
  const { rows } = await pool.query<PostedLine>(
    `SELECT ${lineColumns} FROM billing.lines WHERE org_id = $1 AND no = $2 AND line_no > $3 ORDER BY line_no LIMIT $4`,
    [orgId, no, afterLine, limit],
  );
  return rows;
}

/**
 * What the clerk and the feed keep beside the projections: where they stand, why they stopped. Losing a row of progress
 * loses nothing: what was written already is recognised.
 */
export const bookkeepingTables = `
  CREATE TABLE IF NOT EXISTS billing.clerk (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL,
    at_ms bigint NOT NULL
  );
  CREATE TABLE IF NOT EXISTS billing.halts (
    org_id text PRIMARY KEY,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS billing.published (
    org_id text PRIMARY KEY,
    sequence bigint NOT NULL,
    digest text NOT NULL
  );
  CREATE TABLE IF NOT EXISTS billing.publisher (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL
  );`;
