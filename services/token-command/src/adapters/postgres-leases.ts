import { type Kysely, sql } from 'kysely';
import type { Lease, LeaseMark, Leases } from '../application/leases/ports.ts';
import type { Database } from './database.ts';

/** The incarnation of the row that is no lease but their mark. */
const markName = 'mark';

/** The run of Postgres and the mark as it lies there: which run it names, and by whom it was and says it was written. */
const markState = sql<string>`(SELECT concat_ws(' ', log.postgres_run(), mark.run, mark.written_by, mark.xmin)
  FROM (SELECT 1) AS one LEFT JOIN log.leases AS mark ON mark.incarnation = ${markName})`;
/** Written in this run of Postgres, by the transaction that it names. */
const markIntact = sql<boolean>`EXISTS (SELECT FROM log.leases AS mark
  WHERE mark.incarnation = ${markName} AND mark.run = log.postgres_run() AND mark.written_by = mark.xmin)`;

/** Leases as rows beside the log. Each statement is a transaction of its own: committed when it resolves. */
export class PostgresLeases implements Leases {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async renew(incarnation: string, verifier: string): Promise<void> {
    await sql`/* lease-renew */
      INSERT INTO log.leases (log_id, incarnation, verifier)
      SELECT log_id, ${incarnation}, ${verifier} FROM log.head
      ON CONFLICT (incarnation) DO UPDATE SET renewal = excluded.renewal, log_id = excluded.log_id`.execute(this.#db);
  }

  async giveBack(incarnation: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('log.leases')
      .where('incarnation', '=', incarnation)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** One statement, so one snapshot: a row that it does not find was not there while the mark was as it says. */
  async all(): Promise<{ leases: readonly Lease[]; mark: LeaseMark }> {
    const { rows } = await sql<LeaseMark & { leases: readonly Lease[] | null }>`/* leases-all */
      SELECT ${markIntact} AS intact, ${markState} AS state,
             (SELECT json_agg(json_build_object('incarnation', incarnation, 'verifier', verifier, 'renewal', renewal))
                FROM log.leases WHERE incarnation <> ${markName}) AS leases`.execute(this.#db);
    const { leases, intact, state } = rows[0]!;
    return { leases: leases ?? [], mark: { intact, state } };
  }

  async mark(): Promise<LeaseMark> {
    const { rows } = await sql<LeaseMark>`SELECT ${markIntact} AS intact, ${markState} AS state`.execute(this.#db);
    return rows[0]!;
  }

  async vouch(state: string): Promise<void> {
    await sql`
      INSERT INTO log.leases (log_id, incarnation, verifier, run, written_by)
      SELECT log_id, ${markName}, ${markName}, log.postgres_run(), pg_current_xact_id()::xid FROM log.head
       WHERE ${markState} = ${state}
      ON CONFLICT (incarnation) DO UPDATE SET run = excluded.run, written_by = excluded.written_by`.execute(this.#db);
  }

  async forget(leases: readonly Lease[]): Promise<void> {
    for (const { incarnation, renewal } of leases) {
      await this.#db
        .deleteFrom('log.leases')
        .where('incarnation', '=', incarnation)
        .where('renewal', '=', renewal)
        .execute();
    }
  }
}
