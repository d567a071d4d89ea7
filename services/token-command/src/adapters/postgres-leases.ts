import { type Kysely, sql } from 'kysely';
import type { Lease, Leases } from '../application/leases/ports.ts';
import type { Database } from './database.ts';

/** Leases as rows beside the log. Each statement is a transaction of its own: committed when it resolves. */
export class PostgresLeases implements Leases {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async renew(incarnation: string, verifier: string): Promise<void> {
    await sql`
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

  async all(): Promise<readonly Lease[]> {
    return this.#db.selectFrom('log.leases').select(['incarnation', 'verifier', 'renewal']).execute();
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
