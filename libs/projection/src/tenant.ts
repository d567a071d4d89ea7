import { inTransaction, type ClientBase, type Pool } from '@tollgate/event-log';

/** The name of every tenant: for transactions of a projection and of timers, which no caller reaches. */
export const everyTenant = '*';

/** Of the setting that names the tenant of a transaction. */
export const tenantSetting = 'tollgate.tenant';

/**
 * Row-level security for a table with `org_id`; it holds for the owner too. A transaction sees the rows of the tenant that it
 * names, and none if it names none. Only operators that are leakproof (`=`, `<`, `>=`) reach an index behind such a policy.
 */
export function secured(table: string): string[] {
  // The subquery is evaluated once for a statement and not for each row.
  const tenant = `(SELECT current_setting('${tenantSetting}', true))`;
  return [
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY tenant ON ${table} FOR SELECT USING (org_id = ${tenant})`,
    `CREATE POLICY projector ON ${table} USING (${tenant} = '${everyTenant}')`,
  ];
}

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
