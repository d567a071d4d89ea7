import type pg from 'pg';
import { aloneOn } from './migrate.ts';

/** The Postgres role of each service that has a database. */
export const serviceRoles = {
  'token-command': 'tollgate_token_command',
  'billing-meter': 'tollgate_billing_meter',
  'audit-projector': 'tollgate_audit_projector',
} as const;

export type DatabaseService = keyof typeof serviceRoles;

/**
 * Makes the services' roles and sets their passwords; may be repeated. Run it before the migrations, which grant the
 * rights. The administrator needs CREATEROLE (and CREATE on the database for the migrations), not superuser.
 */
export async function ensureServiceRoles(
  adminPool: pg.Pool,
  passwords: Readonly<Record<DatabaseService, string>>,
): Promise<void> {
  await aloneOn(adminPool, async (client) => {
    for (const [service, role] of Object.entries(serviceRoles) as [DatabaseService, string][]) {
      await ensureRole(client, role, passwords[service]);
    }
  });
}

async function ensureRole(client: pg.PoolClient, role: string, password: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  const { rows } = await client.query<{ superuser: boolean; found: boolean; member: boolean | null }>(
    `SELECT current_setting('is_superuser') = 'on' AS superuser, r.oid IS NOT NULL AS found,
            pg_has_role(current_user, r.oid, 'SET') AS member
       FROM (SELECT 1) AS one LEFT JOIN pg_roles r ON r.rolname = $1`,
    [role],
  );
  const { superuser, found, member } = rows[0]!;
  if (!found) await client.query(`CREATE ROLE ${name}`);
  // DDL takes no parameters: the password is quoted as a literal.
  await client.query(`ALTER ROLE ${name} LOGIN NOINHERIT PASSWORD ${client.escapeLiteral(password)}`);
  // To make a schema for a role, an administrator who is no superuser must be able to take that role on.
  if (!superuser && !member) await client.query(`GRANT ${name} TO CURRENT_USER`);
}

/** The connection string of a service's role on the server and database of the administrator's. */
export function serviceUrl(adminUrl: string, service: DatabaseService, password: string): string {
  const url = new URL(adminUrl);
  url.username = serviceRoles[service];
  url.password = encodeURIComponent(password);
  return url.toString();
}
