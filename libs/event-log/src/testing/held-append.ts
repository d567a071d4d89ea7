import type { AppendRequest } from '../types.ts';
import type { TestDatabase } from './database.ts';
import { until } from './until.ts';

/** Waits until an appender waits for the head. */
export async function untilBlocked(db: TestDatabase): Promise<void> {
  await until('an append waits for the head', async () => {
    const { rows } = await db.admin.query(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'tollgate appender'`,
    );
    return rows.length === 1;
  });
}

export interface HeldAppend {
  readonly position: number;
  commit(): Promise<unknown>;
  rollBack(): Promise<unknown>;
}

/** By hand what an appender does: takes the head and writes one event, and leaves its transaction open. */
export async function heldAppend(db: TestDatabase, request: AppendRequest): Promise<HeldAppend> {
  const client = await db.pool('token-command').connect();
  await client.query('BEGIN');
  const { rows } = await client.query('SELECT position + 1 AS position FROM log.head FOR UPDATE');
  const position = rows[0].position as number;
  await client.query(
    `INSERT INTO log.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
     VALUES ($1, $2, $3, $4, 'space', 'SpaceCreated', 1, $5, now(), $6, $7)`,
    [
      position,
      `evt_held_${position}`,
      request.stream,
      (request.expectedVersion as number) + 1,
      request.orgId,
      request.events[0]!.data,
      request.meta,
    ],
  );
  await client.query('UPDATE log.head SET position = $1, last_at = now()', [position]);
  const end = (how: 'COMMIT' | 'ROLLBACK') => client.query(how).finally(() => client.release());
  return { position, commit: () => end('COMMIT'), rollBack: () => end('ROLLBACK') };
}
