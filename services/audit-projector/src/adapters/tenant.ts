import { inTransaction, type ClientBase, type Pool } from '@tollgate/event-log';
import { everyTenant, tenantSetting } from './audit-tables.ts';

/** Runs `work` in a transaction that sees the rows of one tenant and no others, whatever its statements ask for. */
export function asTenant<T>(pool: Pool, orgId: string, work: (tx: ClientBase) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (tx) => {
    await nameTenant(tx, orgId);
    return work(tx);
  });
}

/** Makes a transaction one of the projection: it sees and writes the rows of all tenants. */
export function asProjector(tx: ClientBase): Promise<void> {
  return nameTenant(tx, everyTenant);
}

/** Transaction-local: the connection goes back to the pool naming nobody. */
async function nameTenant(tx: ClientBase, tenant: string): Promise<void> {
  await tx.query(`SELECT set_config('${tenantSetting}', $1, true)`, [tenant]);
}
