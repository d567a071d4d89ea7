import type pg from 'pg';
import { startPostgres, type TestPostgres } from '@tollgate/stack';
import { migrateEventLog } from '../migrate.ts';
import { createPool } from '../pool.ts';
import { ensureServiceRoles, serviceRoles, serviceUrl, type DatabaseService } from '../roles.ts';

export interface TestDatabase {
  readonly server: TestPostgres;
  /** Superuser. */
  readonly admin: pg.Pool;
  url(service: DatabaseService): string;
  /** A pool of that service's role; ended by `stop`. */
  pool(service: DatabaseService, max?: number): pg.Pool;
  stop(): Promise<void>;
}

/** A Postgres of its own with the roles and schemas of Tollgate. */
export async function startDatabase(): Promise<TestDatabase> {
  const server = await startPostgres();
  const admin = createPool(server.url, { name: 'test' });
  const services = Object.keys(serviceRoles) as DatabaseService[];
  await ensureServiceRoles(admin, Object.fromEntries(services.map((s) => [s, s])) as Record<DatabaseService, string>);
  await migrateEventLog(admin);
  const pools = [admin];
  const url = (service: DatabaseService): string => serviceUrl(server.url, service, service);
  return {
    server,
    admin,
    url,
    pool(service, max) {
      const pool = createPool(url(service), { name: `test ${service}`, max });
      pools.push(pool);
      return pool;
    },
    async stop() {
      await Promise.all(pools.map((pool) => pool.end()));
      await server.stop();
    },
  };
}
