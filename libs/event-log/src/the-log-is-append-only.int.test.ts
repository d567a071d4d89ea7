import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from './pool.ts';
import { EventAppender } from './appender.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { spaceCreated } from './testing/requests.ts';

let db: TestDatabase;
let who: Record<'writer' | 'meter' | 'auditor' | 'owner', Pool>;

beforeAll(async () => {
  db = await startDatabase();
  who = {
    writer: db.pool('token-command'),
    meter: db.pool('billing-meter'),
    auditor: db.pool('audit-projector'),
    owner: db.admin,
  };
  const appender = new EventAppender({ url: db.url('token-command') });
  await appender.append(
    spaceCreated(1, {
      idempotency: { orgId: null, caller: 'c', operation: 'o', key: 'k', requestHash: 'h', answer: () => ({}) },
    }),
  );
  await appender.append(spaceCreated(2));
  await appender.close();
});
afterAll(() => db.stop());

const PERMISSION_DENIED = '42501';
const RESTRICT_VIOLATION = '23001';

/** The state of Postgres's error, or null if the statement was carried out. It is rolled back in any case. */
async function attempt(as: keyof typeof who, ...statements: string[]): Promise<string | null> {
  const client = await who[as].connect();
  try {
    await client.query('BEGIN');
    for (const statement of statements) await client.query(statement);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const attacks = [
  `UPDATE log.events SET data = '{}' WHERE position = 1`,
  `UPDATE log.events SET at = now() WHERE false`,
  'DELETE FROM log.events WHERE position = 2',
  'TRUNCATE log.events',
  'DELETE FROM log.head',
  'TRUNCATE log.head',
];

describe('the event log', () => {
  it.each(attacks)('refuses its writer: %s', async (attack) => {
    expect(await attempt('writer', attack)).toBe(PERMISSION_DENIED);
  });

  it.each(attacks)('refuses its owner: %s', async (attack) => {
    expect(await attempt('owner', attack)).toBe(RESTRICT_VIOLATION);
  });

  it.each(attacks)('refuses its owner, also as a replica that fires no triggers: %s', async (attack) => {
    expect(await attempt('owner', 'SET LOCAL session_replication_role = replica', attack)).toBe(RESTRICT_VIOLATION);
  });

  it.each(['UPDATE log.head SET position = position - 1', 'UPDATE log.head SET log_id = gen_random_uuid()'])(
    'refuses to set its head back or to take another id, as writer and as owner: %s',
    async (attack) => {
      expect(await attempt('writer', attack)).toBe(RESTRICT_VIOLATION);
      expect(await attempt('owner', attack)).toBe(RESTRICT_VIOLATION);
    },
  );

  it.each([
    'DROP TABLE log.events',
    'ALTER TABLE log.events DISABLE TRIGGER ALL',
    `SET LOCAL session_replication_role = replica`,
    'DROP TRIGGER events_append_only ON log.events',
    'CREATE TABLE log.mine ()',
    `UPDATE log.idempotency SET request_hash = ''`,
    'DELETE FROM log.idempotency',
    `SELECT set_config('role', 'tollgate_billing_meter', true)`,
    'CREATE TABLE billing.mine ()',
    'CREATE ROLE mine',
  ])('gives its writer no right to: %s', async (attack) => {
    expect(await attempt('writer', attack)).toBe(PERMISSION_DENIED);
  });

  it('still holds what was written', async () => {
    expect((await new PostgresEventLog(who.auditor).read(0, 10)).map(({ position }) => position)).toEqual([1, 2]);
  });
});

describe('a service that only reads the log', () => {
  const allowed = ['SELECT * FROM log.events', 'SELECT * FROM log.head'];
  const refused = [
    `INSERT INTO log.events SELECT 3, 'x', 'x', 1, 'x', 'x', 1, NULL, now(), '{}', '{}'`,
    'SELECT * FROM log.head FOR UPDATE',
    'UPDATE log.head SET position = 9',
    'SELECT * FROM log.idempotency',
    'SELECT * FROM log.leases',
    'SELECT * FROM log.relay',
    'SELECT * FROM personal.people',
    'SELECT * FROM personal.requests',
    'DELETE FROM personal.people',
    'SELECT * FROM public.tollgate_migrations',
    'CREATE TABLE tokens.mine ()',
    'CREATE TABLE public.mine ()',
  ];

  it.each(['meter', 'auditor'] as const)('%s may read events and head, and nothing else', async (reader) => {
    for (const statement of allowed) expect([statement, await attempt(reader, statement)]).toEqual([statement, null]);
    for (const statement of refused) {
      expect([statement, await attempt(reader, statement)]).toEqual([statement, PERMISSION_DENIED]);
    }
  });

  it('owns its schema', async () => {
    expect(await attempt('meter', 'CREATE TABLE billing.mine (id int)', 'DROP TABLE billing.mine')).toBeNull();
    expect(await attempt('auditor', 'CREATE TABLE audit.mine (id int)', 'DROP TABLE audit.mine')).toBeNull();
    expect(await attempt('writer', 'CREATE TABLE tokens.mine (id int)', 'DROP TABLE tokens.mine')).toBeNull();
  });
});
