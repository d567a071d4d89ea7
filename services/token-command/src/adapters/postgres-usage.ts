import { type Kysely, sql } from 'kysely';
import type { Usage, UsageReport } from '../application/usage/ports.ts';
import type { Database } from './database.ts';

/** Processes that have been silent for this long are gone, and will not repeat a report. */
const forgottenAfter = '7 days';

/** Counts in tables of their own, joined to the lists at read. */
export class PostgresUsage implements Usage {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async add({ incarnation, sequence, ...counts }: UsageReport): Promise<boolean> {
    if (sequence === 1) await this.#forget();
    const { orgs, tokens, calls, lastUsedMs, previousUsedMs } = counts;
    // One statement, so one way to Postgres and back. The lock of the report's row lets a repetition wait until it is known
    // whether the first one was committed. The order is one for everybody (two reports about the same tokens never wait for
    // each other in a circle), and to sort, Postgres must have moved the report on before it adds anything.
    const { rows } = await sql<{ moved: boolean }>`/* usage-report */
      WITH moved AS (
        INSERT INTO tokens.usage_reports AS known (incarnation, sequence) VALUES (${incarnation}, ${sequence})
        ON CONFLICT (incarnation) DO UPDATE SET sequence = excluded.sequence, reported_at = now()
        WHERE known.sequence < excluded.sequence
        RETURNING incarnation
      ), added AS (
        INSERT INTO tokens.usage AS usage (org_id, token_id, calls, last_used_at, previous_used_at)
        SELECT org_id, token_id, calls, to_timestamp(last_used_ms / 1000), to_timestamp(previous_used_ms / 1000)
        FROM moved, unnest(
          ${orgs}::text[], ${tokens}::text[], ${calls}::bigint[],
          ${lastUsedMs}::double precision[], ${previousUsedMs}::double precision[]
        ) AS report (org_id, token_id, calls, last_used_ms, previous_used_ms)
        ORDER BY org_id COLLATE "C", token_id COLLATE "C"
        ON CONFLICT (org_id, token_id) DO UPDATE SET
          calls = usage.calls + excluded.calls,
          last_used_at = greatest(usage.last_used_at, excluded.last_used_at),
          previous_used_at = greatest(usage.previous_used_at, excluded.previous_used_at)
      )
      SELECT EXISTS (SELECT FROM moved) AS moved`.execute(this.#db);
    return rows[0]!.moved;
  }

  async #forget(): Promise<void> {
    await sql`DELETE FROM tokens.usage_reports WHERE reported_at < now() - ${forgottenAfter}::interval`.execute(
      this.#db,
    );
  }
}
