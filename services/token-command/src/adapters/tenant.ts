import { everyTenant, tenantSetting } from '@tollgate/projection';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './database.ts';

type Reads<T> = (tx: Transaction<Database>) => Promise<T>;

/** Runs `reads` in a transaction that sees the rows of one tenant and no others, whatever its statements ask for. */
export function inTenant<T>(db: Kysely<Database>, orgId: string, reads: Reads<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    // Transaction-local: the connection goes back to the pool naming nobody.
    await sql`SELECT set_config(${tenantSetting}, ${orgId}, true)`.execute(tx);
    return reads(tx);
  });
}

/** For what looks at all tenants by its nature, and shows nobody what it finds: counts, digests in use. */
export function inEveryTenant<T>(db: Kysely<Database>, reads: Reads<T>): Promise<T> {
  return inTenant(db, everyTenant, reads);
}
