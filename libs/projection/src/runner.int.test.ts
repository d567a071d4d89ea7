import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { InMemoryEventLog, type Pool } from '@tollgate/event-log';
import {
  busOf,
  InMemoryBus,
  org,
  spaceCreated,
  startDatabase,
  until,
  type TestDatabase,
} from '@tollgate/event-log/testing';
import { ProjectionRunner } from './runner.ts';
import type { ProjectionDefinition } from './definition.ts';
import { spacesProjection } from './testing/spaces-projection.ts';

let db: TestDatabase;
let pool: Pool;
let log: InMemoryEventLog;
let bus: InMemoryBus;
const runners: ProjectionRunner[] = [];

beforeAll(async () => {
  db = await startDatabase();
  pool = db.pool('billing-meter');
});

afterAll(() => db.stop());

beforeEach(async () => {
  log = new InMemoryEventLog();
  bus = await busOf(log);
});

afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  await db.admin.query('DROP SCHEMA billing CASCADE; CREATE SCHEMA billing AUTHORIZATION tollgate_billing_meter');
});

async function run(
  definition: ProjectionDefinition<never> | ReturnType<typeof spacesProjection> = spacesProjection(),
  on = pool,
) {
  const runner = new ProjectionRunner({ pool: on, source: log, bus, definition, batchMax: 7 });
  runners.push(runner);
  await runner.start();
  return runner;
}

async function append(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await log.append(spaceCreated(n));
}

async function count(): Promise<{ listed: number; counted: number }> {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM billing.spaces) AS listed, (SELECT coalesce(sum(spaces), 0) FROM billing.counts) AS counted`,
  );
  return { listed: rows[0].listed, counted: Number(rows[0].counted) };
}

const physicalTables = async () =>
  (
    await pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'billing' AND tablename ~ '__' ORDER BY 1`)
  ).rows.map((row) => row.tablename as string);

describe('a running projection', () => {
  it('applies what was there and what comes, and readers find it behind views', async () => {
    await append(1, 10);
    const runner = await run();
    await append(11, 25);
    await runner.waitFor(25);
    expect(runner.applied).toBe(25);
    expect(runner.lag).toBe(0);
    expect(await count()).toEqual({ listed: 25, counted: 25 });
    const { rows } = await pool.query('SELECT * FROM billing.spaces ORDER BY id LIMIT 1');
    expect(rows[0]).toEqual({ org_id: org, id: expect.any(String), name: 'Space 1', at: '2026-01-31T12:00:00.000Z' });
    expect(await physicalTables()).toEqual(['counts__1', 'spaces__1']);
  });

  it('lets Postgres know by itself how large its tables have become', async () => {
    const definition = spacesProjection({
      tables: {
        spaces: { ddl: (table) => [`CREATE TABLE ${table} (n integer) WITH (autovacuum_enabled = off)`] },
        counts: { ddl: (table) => [`CREATE TABLE ${table} (n integer) WITH (autovacuum_enabled = off)`] },
      },
      apply: async (tx, events, table) =>
        void (await tx.query(`INSERT INTO ${table('spaces')} SELECT generate_series(1, $1)`, [events.length * 3])),
    });
    const runner = new ProjectionRunner({ pool, source: log, bus, definition });
    runners.push(runner);
    await runner.start();
    await append(1, 1_000);
    await runner.waitFor(1_000);
    const known = async () => {
      const { rows } = await pool.query(
        `SELECT relname, reltuples FROM pg_class WHERE oid IN ('billing.spaces__1'::regclass, 'billing.counts__1'::regclass) ORDER BY 1`,
      );
      return rows.map(({ reltuples }) => reltuples as number);
    };
    await until('it has looked', async () => (await known())[1] === 3_000);
    // Never analysed: there was nothing to learn.
    expect((await known())[0]).toBe(-1);
  });

  it('has its statements planned once for each connection, and not those that never come again', async () => {
    const seen: string[][] = [];
    const definition = spacesProjection({
      apply: async (tx, events) => {
        await tx.query('SELECT $1::integer AS always', [1]);
        for (let n = 0; n < 300; n++) await tx.query(`SELECT $1::integer AS n${events[0]!.position}_${n}`, [1]);
        const { rows } = await tx.query('SELECT statement FROM pg_prepared_statements');
        seen.push(rows.map(({ statement }) => statement as string));
      },
    });
    await append(1, 1);
    const runner = await run(definition);
    await runner.waitFor(1);
    expect(seen[0]).toContain('SELECT $1::integer AS always');
    expect(seen[0]!.length).toBeLessThan(250);
  });

  it('goes on from its checkpoint', async () => {
    await append(1, 10);
    await (await run()).catchUp();
    await runners.pop()!.stop();
    await append(11, 20);
    await (await run()).catchUp();
    expect(await count()).toEqual({ listed: 20, counted: 20 });
  });

  it('says READ_MODEL_BEHIND when a position does not come in time', async () => {
    const runner = await run();
    await expect(runner.waitFor(1, 100)).rejects.toMatchObject({
      code: 'READ_MODEL_BEHIND',
      message: 'The read model spaces-of-orgs stands at position 0, not yet at 1. Ask again shortly.',
    });
    const waiting = runner.waitFor(1, 5_000);
    await append(1, 1);
    await waiting;
  });

  it('finds a position that the bus has not brought as soon as a reader asks for it', async () => {
    bus = new InMemoryBus();
    const runner = await run();
    await until('it has caught up', () => runner.trouble === undefined);
    await append(1, 3);
    const started = performance.now();
    await runner.waitFor(3);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('takes back what a failing batch wrote, says so, and applies all of it once the trouble is over', async () => {
    let broken = true;
    const { apply, ...rest } = spacesProjection();
    const runner = await run(
      spacesProjection({
        ...rest,
        async apply(tx, events, table) {
          await apply(tx, events, table);
          if (broken) throw new Error('the disk is full');
        },
      }),
    );
    await append(1, 10);
    await until('it has tried', () => runner.trouble?.message === 'the disk is full');
    expect(await count()).toEqual({ listed: 0, counted: 0 });
    broken = false;
    await runner.waitFor(10);
    expect(await count()).toEqual({ listed: 10, counted: 10 });
    await until('all is well again', () => runner.trouble === undefined);
  });

  it('applies each event once although several processes run it and connections break', async () => {
    const first = await run();
    const second = await run(spacesProjection(), db.pool('billing-meter'));
    for (let n = 1; n <= 300; n += 10) {
      await append(n, n + 9);
      if (n % 50 === 1) {
        await db.admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tollgate_billing_meter'`,
        );
      }
    }
    await Promise.all([first.waitFor(300, 10_000), second.waitFor(300, 10_000)]);
    expect(await count()).toEqual({ listed: 300, counted: 300 });
  });

  it('applies a batch again, whole, when the connection was cut inside its transaction', async () => {
    // Schedule: the batch has written both tables and stands before its commit; its backend is ended; it is applied anew.
    const { apply, ...rest } = spacesProjection();
    let attempts = 0;
    const runner = await run(
      spacesProjection({
        ...rest,
        async apply(tx, events, table) {
          await apply(tx, events, table);
          if (++attempts > 1) return;
          const { rows } = await tx.query('SELECT pg_backend_pid() AS pid');
          await db.admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
        },
      }),
    );
    await append(1, 5);
    await runner.waitFor(5);
    expect(attempts).toBeGreaterThan(1);
    expect(await count()).toEqual({ listed: 5, counted: 5 });
  });

  it('does not wait for the disk, and applies again what a crash of Postgres took', async () => {
    // So that nobody writes to the disk what nobody waits for.
    const setting = (sql: string) => db.admin.query(sql).then(() => db.admin.query('SELECT pg_reload_conf()'));
    await setting(`ALTER SYSTEM SET wal_writer_delay = '10s'`);
    const applied: number[] = [];
    const { apply, ...rest } = spacesProjection();
    const runner = await run(
      spacesProjection({
        ...rest,
        async apply(tx, events, table) {
          applied.push(...events.map(({ position }) => position));
          await apply(tx, events, table);
        },
      }),
    );
    await append(1, 3);
    await runner.catchUp();
    expect((await pool.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }]);
    await db.server.kill();
    await db.server.restart();
    await append(4, 4);
    await runner.waitFor(4, 10_000);
    expect(applied).toEqual([1, 2, 3, 1, 2, 3, 4]);
    expect(await count()).toEqual({ listed: 4, counted: 4 });
    await setting('ALTER SYSTEM RESET wal_writer_delay');
  });

  it('drops what waits for a Postgres that comes back with an older log, and reads what that log holds', async () => {
    await append(1, 5);
    const runner = await run();
    await runner.catchUp();
    await db.server.kill();
    await append(6, 6);
    await until('it cannot be applied', () => runner.trouble !== undefined);
    const [sixth, ...before] = (await log.read(0, 6)).reverse();
    const other = { ...sixth!, id: 'evt_other', data: { ...sixth!.data, name: 'Another' } } as RecordedTollgateEvent;
    const older = [...before.reverse(), other];
    jest.spyOn(log, 'read').mockImplementation(async (after, limit) => older.slice(after, after + limit));
    await db.server.restart();
    await runner.waitFor(6, 10_000);
    const { rows } = await pool.query('SELECT name FROM billing.spaces ORDER BY at, name');
    expect(rows.map(({ name }) => name as string).sort()).toEqual([
      'Another',
      ...[1, 2, 3, 4, 5].map((n) => `Space ${n}`),
    ]);
    await until('all is well again', () => runner.trouble === undefined);
  });
});

describe('a changed definition', () => {
  it('is built anew at the start, and an older program then refuses', async () => {
    await append(1, 10);
    await (await run()).catchUp();
    const { apply } = spacesProjection();
    const shouting = spacesProjection({
      version: 2,
      async apply(tx, events, table) {
        await apply(tx, events, table);
        await tx.query(`UPDATE ${table('spaces')} SET name = upper(name)`);
      },
    });
    const newer = await run(shouting);
    await newer.catchUp();
    expect((await pool.query('SELECT name FROM billing.spaces ORDER BY id LIMIT 1')).rows).toEqual([
      { name: 'SPACE 1' },
    ]);
    await append(11, 12);
    await newer.catchUp();
    expect(await count()).toEqual({ listed: 12, counted: 12 });
    await until('the older one has noticed', () => /newer version/.test(runners[0]!.trouble?.message ?? ''));
    await expect(run()).rejects.toThrow('was built by version 2 and this program has 1');
    expect(await physicalTables()).toEqual(['counts__2', 'spaces__2']);
  });

  it('is built anew when only its tables have changed', async () => {
    await append(1, 3);
    await (await run()).catchUp();
    await runners.pop()!.stop();
    const { tables } = spacesProjection();
    const wider = spacesProjection({
      tables: {
        ...tables,
        spaces: { ddl: (table) => [...tables.spaces.ddl(table), `ALTER TABLE ${table} ADD note text`] },
      },
      async apply(tx, events, table) {
        for (const event of events) {
          await tx.query(`INSERT INTO ${table('spaces')} VALUES ($1, $2, 'name', $3, 'note')`, [
            event.orgId,
            event.id,
            event.at,
          ]);
        }
      },
    });
    await (await run(wider)).catchUp();
    expect((await pool.query('SELECT note FROM billing.spaces')).rows).toEqual([
      { note: 'note' },
      { note: 'note' },
      { note: 'note' },
    ]);
  });
});
