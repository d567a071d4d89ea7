import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';

/** Advisory lock of whoever prepares the database. */
const PREPARATION_LOCK = 0x746f6c6c; // 'toll'
/** A migration may take long, and so may waiting for somebody else's. */
const MIGRATION_MAX_MS = 3_600_000;

export interface MigrationSet {
  /** Whose migrations: recorded beside the number, so that every library and service counts from 1. */
  readonly service: string;
  /** A folder of files `0001_what_it_does.sql`. */
  readonly dir: string;
  /** Run as this role (`SET LOCAL ROLE`), which then owns what is created. Default: the administrator. */
  readonly role?: string;
}

interface MigrationFile {
  number: number;
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Runs the plain SQL migrations of a folder that have not run yet, in order, one transaction each, and returns their names.
 * What ran is recorded with a checksum in `public.tollgate_migrations`.
 * Throws when a file has changed since it ran, when the database is newer than the folder, and when numbers have holes.
 */
export async function migrate(adminPool: pg.Pool, { service, dir, role }: MigrationSet): Promise<string[]> {
  const files = await readMigrations(dir);
  return aloneOn(adminPool, async (client) => {
    await client.query(`CREATE TABLE IF NOT EXISTS public.tollgate_migrations (
      service text, number integer, name text NOT NULL, checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (service, number))`);
    const { rows } = await client.query<{ number: number; name: string; checksum: string }>(
      'SELECT number, name, checksum FROM public.tollgate_migrations WHERE service = $1 ORDER BY number',
      [service],
    );
    for (const row of rows) verify(service, row, files[row.number - 1]);
    const pending = files.slice(rows.length);
    for (const file of pending) await apply(client, service, file, role);
    return pending.map(({ name }) => name);
  });
}

/** Prepares the database while nobody else does: several launchers may start at once. */
export async function aloneOn<T>(adminPool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await adminPool.connect();
  let broken: Error | undefined;
  try {
    await client.query('SET statement_timeout = 0');
    const lock = { text: 'SELECT pg_advisory_lock($1)', values: [PREPARATION_LOCK], query_timeout: MIGRATION_MAX_MS };
    await client.query(lock);
    return await work(client);
  } finally {
    await client
      .query('SELECT pg_advisory_unlock_all(); RESET statement_timeout')
      .catch((error: Error) => (broken = error));
    client.release(broken);
  }
}

/** The migrations of the event log: schemas `log` and `personal`, and one schema for each service's read models. */
export function migrateEventLog(adminPool: pg.Pool): Promise<string[]> {
  return migrate(adminPool, { service: 'event-log', dir: fileURLToPath(new URL('../migrations', import.meta.url)) });
}

async function readMigrations(dir: string): Promise<MigrationFile[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
      if (number !== index + 1) {
        throw new Error(`${join(dir, name)}: migrations are named 0001_name.sql, 0002_name.sql … without holes`);
      }
      const sql = await readFile(join(dir, name), 'utf8');
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

function verify(service: string, ran: { number: number; name: string; checksum: string }, file?: MigrationFile): void {
  if (!file)
    throw new Error(`The database has ${service} migration ${ran.name}, which this program lacks: deploy a newer one.`);
  if (file.checksum !== ran.checksum) {
    throw new Error(
      `The ${service} migration ${file.name} has changed since it ran: restore it and add a new one instead.`,
    );
  }
}

async function apply(client: pg.PoolClient, service: string, file: MigrationFile, role?: string): Promise<void> {
  await client.query('BEGIN');
  try {
    if (role) await client.query(`SET LOCAL ROLE ${client.escapeIdentifier(role)}`);
    const migration = { text: file.sql, query_timeout: MIGRATION_MAX_MS };
    await client.query(migration);
    await client.query('RESET ROLE');
    await client.query(
      'INSERT INTO public.tollgate_migrations (service, number, name, checksum) VALUES ($1, $2, $3, $4)',
      [service, file.number, file.name, file.checksum],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new Error(`The ${service} migration ${file.name} failed: ${(error as Error).message}`, { cause: error });
  }
}
