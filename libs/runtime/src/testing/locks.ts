import type { Pool } from '@tollgate/event-log';
import { until } from '@tollgate/event-log/testing';

/**
 * The views of its schema that a read has locked by the time it reaches `view`, in alphabetical order. Another transaction
 * holds that view meanwhile; then the read goes on.
 * @param view with its schema, `billing.seats`
 * @param marker a text that only the read's statement has, where the service reads the view for other reasons too
 */
export async function lockedBefore(
  admin: Pool,
  view: string,
  read: () => Promise<unknown>,
  marker = '',
): Promise<string[]> {
  const holder = await admin.connect();
  let reading: Promise<unknown> | undefined;
  try {
    await holder.query(`BEGIN; LOCK TABLE ${view} IN ACCESS EXCLUSIVE MODE`);
    reading = read();
    const waiting = `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE NOT granted AND relation = '${view}'::regclass AND query LIKE '%${marker}%'`;
    await until(`a read waits for ${view}`, async () => (await admin.query(waiting)).rows.length === 1);
    const { rows } = await admin.query<{ name: string }>(
      `SELECT relname AS name FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE granted AND relkind = 'v' AND relnamespace = '${view.split('.')[0]}'::regnamespace
          AND pid IN (${waiting}) ORDER BY relname`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
    await reading;
  }
}

/** Warnings of a service whose projection is held still while something is to be applied, and once it is let go. */
export interface HeldProjection {
  /** The first that came, and after how long. */
  readonly held: readonly string[];
  readonly afterMs: number;
  /** The service stayed ready meanwhile. */
  readonly ready: boolean;
}

/**
 * Holds a projection's checkpoint, lets `happen` append what it would apply, and waits until the readiness of the service warns;
 * then lets go, and returns once it warns no more. The time-out of the test ends it otherwise.
 * @param projection its schema and name: `audit.audit`
 */
export async function whileHeld(
  admin: Pool,
  projection: string,
  url: string,
  happen: () => Promise<unknown>,
): Promise<HeldProjection> {
  const [schema, name] = projection.split('.') as [string, string];
  const holder = await admin.connect();
  let found: HeldProjection;
  try {
    await holder.query(`BEGIN; SELECT FROM ${schema}.projection_checkpoints WHERE name = '${name}' FOR UPDATE`);
    found = await firstWarning(url, happen);
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
  await until('readiness warns no more', async () => (await readinessOf(url)).warnings.length === 0);
  return found;
}

async function firstWarning(url: string, happen: () => Promise<unknown>): Promise<HeldProjection> {
  const sinceMs = performance.now();
  await happen();
  let seen = await readinessOf(url);
  await until('readiness warns', async () => (seen = await readinessOf(url)).warnings.length > 0);
  return { held: seen.warnings, afterMs: performance.now() - sinceMs, ready: seen.status === 'ready' };
}

const readinessOf = async (url: string) =>
  (await (await fetch(`${url}/readyz`)).json()) as { status: string; warnings: readonly string[] };
