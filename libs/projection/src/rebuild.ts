import { setTimeout as sleep } from 'node:timers/promises';
import { TollgateError, type RebuildReport } from '@tollgate/contracts';
import { inTransaction, type ClientBase, type EventSource, type Pool, type PoolClient } from '@tollgate/event-log';
import { compareGenerations } from './compare.ts';
import { tableNames, type ProjectionDefinition } from './definition.ts';
import {
  lockLive,
  makeGeneration,
  physicalNames,
  readLive,
  setPosition,
  switchTo,
  type Generation,
} from './generations.ts';
import { prepared } from './prepared.ts';
import { analyze } from './statistics.ts';

const BATCH = 1_000;
/** What may be left to apply when the running tables are held still for the comparison. */
const REMAINDER_MAX = 200;
const SWITCH_ATTEMPTS = 20;
/** Shorter than Postgres's deadlock_timeout (1 s), so that a reader and the switch waiting for each other is settled by us. */
const SWITCH_LOCK_TIMEOUT_MS = 300;

export interface RebuildOptions {
  readonly pool: Pool;
  readonly source: EventSource;
  readonly definition: ProjectionDefinition;
  /** False when the running tables have another shape, so that there is nothing to compare. */
  readonly compare: boolean;
}

/**
 * Fills the next generation from the first event on, beside the running one; holds the running one still at its position,
 * compares the two byte for byte, and switches the views: readers notice nothing, and a difference is healed by it.
 * Throws CONFLICT while another rebuild of the same projection runs.
 */
export async function rebuild({ pool, source, definition, compare }: RebuildOptions): Promise<RebuildReport> {
  return withRebuildLock(pool, definition, async () => {
    const logId = await source.logId();
    let next = await inTransaction(pool, (tx) => makeGeneration(tx, definition, logId));
    for (let attempt = 1; ; attempt++) {
      next = await fill(pool, source, definition, next);
      // Nobody has learnt yet how large they are, and the queries of readers are planned by it at once.
      if (attempt === 1) await analyze(pool, physicalNames(definition, next));
      try {
        return await inTransaction(pool, (tx) => finish(tx, source, definition, next, compare));
      } catch (error) {
        if (!isLockTrouble(error)) throw error;
        if (attempt === SWITCH_ATTEMPTS) throw heldByReader(definition, error);
      }
      await sleep(50 * attempt);
    }
  });
}

/**
 * Applies what the running tables have, round by round: each one gets what came during the one before. Ends when little is
 * missing, or when the running tables move as fast as this does. Never goes beyond the running tables.
 */
async function fill(
  pool: Pool,
  source: EventSource,
  definition: ProjectionDefinition,
  next: Generation,
): Promise<Generation> {
  let { position } = next;
  for (let missing = Infinity; ;) {
    const target = (await readLive(pool, definition))?.position ?? 0;
    if (target - position <= REMAINDER_MAX || target - position > missing * 0.8) return { ...next, position };
    missing = target - position;
    for await (const events of readAhead(source, position, target)) {
      position = events.at(-1)!.position;
      await inTransaction(pool, async (tx) => {
        await definition.begin?.(tx);
        await definition.apply(prepared(tx), events, tableNames(definition, next.generation));
        await setPosition(tx, definition, next.generation, position);
      });
    }
  }
}

type Events = Awaited<ReturnType<EventSource['read']>>;

/** The events after `from` up to `target`, a batch at a time. The next batch is read while its reader works on this one. */
async function* readAhead(source: EventSource, from: number, target: number): AsyncGenerator<Events> {
  let reading = readNext(source, from, target);
  while (from < target) {
    const events = await reading;
    from = events.at(-1)!.position;
    if (from < target) {
      reading = readNext(source, from, target);
      // Its error is for whoever asks for it next, if somebody does.
      reading.catch(() => undefined);
    }
    yield events;
  }
}

async function readNext(source: EventSource, from: number, target: number): Promise<Events> {
  const events = await source.read(from, Math.min(BATCH, target - from));
  if (events.length === 0)
    throw new Error(`the log does not have position ${from + 1}, which the running tables have applied`);
  return events;
}

async function finish(
  tx: ClientBase,
  source: EventSource,
  definition: ProjectionDefinition,
  next: Generation,
  compare: boolean,
): Promise<RebuildReport> {
  // Whoever applies waits for us meanwhile; whoever reads must not: waiting for readers is given up soon and repeated.
  await tx.query(`SET LOCAL lock_timeout = ${SWITCH_LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = 0`);
  await definition.begin?.(tx);
  const live = await lockLive(tx, definition);
  for (let position = next.position; position < live.position;) {
    const events = await readNext(source, position, live.position);
    await definition.apply(tx, events, tableNames(definition, next.generation));
    position = events.at(-1)!.position;
  }
  await setPosition(tx, definition, next.generation, live.position);
  const { tables, differences } = compare
    ? await compareGenerations(tx, definition, live.generation, next.generation)
    : { tables: [], differences: [] };
  await switchTo(tx, definition, next);
  const { name: projection } = definition;
  return { projection, position: live.position, identical: differences.length === 0, tables, differences };
}

/** One rebuild at a time, by a lock of this session that ends with it. */
async function withRebuildLock<T>(
  pool: Pool,
  { schema, name }: ProjectionDefinition,
  work: () => Promise<T>,
): Promise<T> {
  const client: PoolClient = await pool.connect();
  const key = `tollgate rebuild of ${schema}.${name}`;
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [key],
    );
    if (!rows[0]!.locked) {
      throw new TollgateError(
        'CONFLICT',
        `The projection ${name} is being rebuilt already. Wait until that has ended.`,
      );
    }
    try {
      return await work();
    } finally {
      await client
        .query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key])
        .catch((error: Error) => (broken = error));
    }
  } finally {
    client.release(broken);
  }
}

function heldByReader({ name }: ProjectionDefinition, cause: unknown): TollgateError {
  const detail = `Somebody reads the tables of ${name} in a transaction that does not end, so they cannot be switched. End it and repeat.`;
  return new TollgateError('CONFLICT', detail, undefined, { cause });
}

/** 55P03: a lock was not available in time; 40P01: deadlock. */
function isLockTrouble(error: unknown): boolean {
  return ['55P03', '40P01'].includes(String((error as { code?: unknown }).code));
}
