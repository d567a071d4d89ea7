import pg from 'pg';
import { createLogger } from '@tollgate/telemetry';

export type { Pool, PoolClient, ClientBase } from 'pg';

const oid = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184 } as const;

/**
 * How values of Postgres look in this house: `bigint` is a number (an error beyond 2^53), `timestamptz` an RFC 3339 UTC
 * string with milliseconds, `date` and `timestamp` the text as stored, `numeric` text as `pg` has it.
 */
export const typeParsers = {
  getTypeParser(type: number, format?: 'text' | 'binary') {
    if (format !== 'binary') {
      if (type === oid.int8) return parseInteger;
      if (type === oid.timestamptz) return parseInstant;
      if (type === oid.date || type === oid.timestamp) return (text: string) => text;
    }
    return pg.types.getTypeParser(type, format as 'text');
  },
} as pg.CustomTypesConfig;

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} does not fit a JavaScript number`);
  return value;
}

const parseTimestamp = pg.types.getTypeParser(oid.timestamptz, 'text') as (text: string) => Date | number;

/** What Postgres sends with the settings of `connectionConfig`. */
const utcText = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?\+00$/;

function parseInstant(text: string): string {
  const parts = utcText.exec(text);
  if (parts) return `${parts[1]}T${parts[2]}.${(parts[3] ?? '').padEnd(3, '0')}Z`;
  const instant = parseTimestamp(text);
  // 'infinity' is a number.
  return typeof instant === 'object' ? instant.toISOString() : text;
}

export interface PoolOptions {
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  /** Connections at most (default 10). */
  readonly max?: number;
  /** Milliseconds after which a statement is given up (default 10,000). */
  readonly statementTimeoutMs?: number;
}

/** Settings that every connection of Tollgate to Postgres shares. A connection comes within 2 s or fails. */
export function connectionConfig(url: string, name: string, statementTimeoutMs: number): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: `tollgate ${name}`,
    types: typeParsers,
    connectionTimeoutMillis: 2_000,
    statement_timeout: statementTimeoutMs,
    // The server gives up first; this is for one that doesn't answer at all.
    query_timeout: statementTimeoutMs + 1_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Text forms and date arithmetic don't depend on the server's settings, and what is acknowledged is on disk.
    options: '-c TimeZone=UTC -c DateStyle=ISO -c synchronous_commit=on',
  };
}

const whoForgets = new WeakMap<pg.Pool, Set<() => void>>();

/**
 * A connection pool. An idle connection that breaks is replaced by the next use and never ends the process.
 * @param url `postgres://role:password@host:port/database`
 */
export function createPool(url: string, { name, max = 10, statementTimeoutMs = 10_000 }: PoolOptions): pg.Pool {
  const forgetful = new Set<() => void>();
  let run: string | undefined;
  const pool = new pg.Pool({
    ...connectionConfig(url, name, statementTimeoutMs),
    max,
    idleTimeoutMillis: 30_000,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- pg-pool awaits it; its types do not say so
    onConnect: async (client) => {
      const found = await runOf(client);
      const before = run;
      run = found;
      if (before !== undefined && before !== found) for (const forget of forgetful) forget();
    },
  });
  whoForgets.set(pool, forgetful);
  const logger = createLogger('postgres');
  pool.on('error', (err) => logger.warn({ err }, 'an idle connection to Postgres broke'));
  // While a connection is checked out the pool doesn't listen, and an error nobody listens to ends the process. Whoever
  // uses the connection learns of it by the query that fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Calls `forget` when Postgres was started anew, before the first connection to it is handed out. Its data directory may be an
 * older one: what a process remembers of a log must not be applied to it, since the positions may belong to other events by now.
 * @param pool of `createPool`
 * @returns the way to stop that
 */
export function onNewRun(pool: pg.Pool, forget: () => void): () => void {
  const forgetful = whoForgets.get(pool);
  if (!forgetful) throw new Error('the pool is not one of createPool');
  forgetful.add(forget);
  return () => void forgetful.delete(forget);
}

/** Which run of Postgres a connection leads to. */
async function runOf(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ run: string }>('SELECT pg_postmaster_start_time()::text AS run');
  return rows[0]!.run;
}

export interface TransactionOptions {
  /**
   * What it writes can be derived from the log again: the commit does not wait for the disk. A crash of Postgres takes the last such
   * transactions away, the newest first, and never one without those after it (`synchronous_commit`, wal_writer_delay).
   */
  readonly derived?: boolean;
}

/** Runs `work` in a transaction on a connection of the pool: committed when it resolves, rolled back when it throws. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<T>,
  { derived = false }: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(derived ? 'BEGIN; SET LOCAL synchronous_commit TO off' : 'BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // If even the rollback fails the connection is of no more use, and the first error is the one that matters.
    await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Ends a connection, also to a server that doesn't answer any more. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => {
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }, 200);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

const sqlState = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};

/**
 * True for errors that say nothing about the statement: Postgres could not be reached, went away, is starting up, is a
 * standby, was too slow or had to give up for somebody else.
 */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  // Classes 08 connection, 53 resources, 57 operator intervention and timeouts, 58 system, 40 rollback; 25006: read-only.
  if (state) return /^(08|53|57|58|40)|^(25006|25P03|25P04|55P03)$/.test(state);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return isBrokenConnection(error) || code === 'ETIMEDOUT' || /timeout/i.test(String(message));
}

/** True if the connection is gone: known at once, other than a timeout. */
export function isBrokenConnection(error: unknown): boolean {
  const state = sqlState(error);
  if (state) return /^57P0[1-4]$|^25P0[34]$/.test(state);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^(E[A-Z]+)$/.test(code)) return code !== 'ETIMEDOUT';
  return /connection terminated|connection error|not queryable|client was closed/i.test(String(message));
}

/** True if the statement may have taken effect: the connection went, or the answer did not come in time. */
export function isOutcomeUnknown(error: unknown): boolean {
  return isUnavailable(error) && (isBrokenConnection(error) || /^(08|$)/.test(sqlState(error) ?? ''));
}

/** True if Postgres refused a value or a constraint did (classes 22 and 23): the fault of one row, not of the statement. */
export function isRefusedValue(error: unknown): boolean {
  return /^(22|23)/.test(sqlState(error) ?? '');
}
