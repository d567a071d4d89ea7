import { join } from 'node:path';
import {
  createPool,
  ensureServiceRoles,
  migrate,
  migrateEventLog,
  serviceUrl,
  type DatabaseService,
} from '@tollgate/event-log';
import { exists, reasonOf, StartError } from '../files.ts';
import { repositoryRoot } from '../services/service-definitions.ts';
import { scramVerifier } from './secrets.ts';

/**
 * Makes the roles of the services, sets their passwords and runs every migration that has not run yet.
 * Returns one connection string per service and the names of the migrations that ran.
 * @param adminUrl an administrator's, who may make roles and schemas
 * @param outside the URL came from TOLLGATE_DATABASE_URL, which the refusal then names
 */
export async function prepareDatabase(
  adminUrl: string,
  passwords: Readonly<Record<DatabaseService, string>>,
  outside = false,
): Promise<{ urls: Record<DatabaseService, string>; migrations: string[] }> {
  const pool = createPool(adminUrl, { name: 'launcher', max: 2, statementTimeoutMs: 300_000 });
  const services = Object.keys(passwords) as DatabaseService[];
  const each = (value: (service: DatabaseService) => string) =>
    Object.fromEntries(services.map((service) => [service, value(service)])) as Record<DatabaseService, string>;
  try {
    await ensureServiceRoles(
      pool,
      each((service) => scramVerifier(passwords[service])),
    );
    const migrations = await migrateEventLog(pool);
    for (const service of services) {
      const dir = join(repositoryRoot, 'services', service, 'migrations');
      if (exists(dir)) migrations.push(...(await migrate(pool, { service, dir })));
    }
    return { urls: each((service) => serviceUrl(adminUrl, service, passwords[service])), migrations };
  } catch (error) {
    const place = outside ? 'The database that TOLLGATE_DATABASE_URL names' : 'The database';
    throw new StartError(`${place} could not be prepared: ${reasonOf(error)}`, { cause: error });
  } finally {
    await pool.end();
  }
}
