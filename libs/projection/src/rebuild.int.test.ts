import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventAppender, PostgresEventLog, type EventSource, type Pool } from '@tollgate/event-log';
import { InMemoryBus, org, spaceCreated, startDatabase, until, type TestDatabase } from '@tollgate/event-log/testing';
import { ProjectionRunner } from './runner.ts';
import { spacesProjection } from './testing/spaces-projection.ts';

let db: TestDatabase;
let pool: Pool;
let readers: Pool;
let log: PostgresEventLog;
let appender: EventAppender;
let runner: ProjectionRunner;
let appended = 0;

beforeAll(async () => {
  db = await startDatabase();
  pool = db.pool('billing-meter');
  readers = db.pool('billing-meter');
  log = new PostgresEventLog(pool);
  appender = new EventAppender({ url: db.url('token-command') });
});

afterAll(async () => {
  await appender.close();
  await db.stop();
});

beforeEach(async () => {
  runner = await start();
});

afterEach(async () => {
  await runner.stop();
  await db.admin.query('DROP SCHEMA billing CASCADE; CREATE SCHEMA billing AUTHORIZATION tollgate_billing_meter');
});

/** Without a bus: the projection lives on reading the log, ten times a second. */
async function start(source: EventSource = log, definition = spacesProjection()): Promise<ProjectionRunner> {
  const started = new ProjectionRunner({ pool, source, bus: new InMemoryBus(), definition, batchMax: 50 });
  await started.start();
  return started;
}

const append = (count: number) =>
  Promise.all(Array.from({ length: count }, () => appender.append(spaceCreated(++appended))));

const rowsOf = async (table: string) => (await pool.query(`SELECT count(*) AS n FROM ${table}`)).rows[0].n as number;

describe('rebuilding', () => {
  it('finds nothing different in a projection that nobody touched, and leaves one generation', async () => {
    await append(600);
    await runner.catchUp(10_000);
    const report = await runner.rebuild();
    expect(report).toMatchObject({
      projection: 'spaces-of-orgs',
      position: appended,
      identical: true,
      differences: [],
    });
    expect(report.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['spaces', appended],
      ['counts', 1],
    ]);
    for (const { liveDigest, rebuiltDigest } of report.tables) expect(liveDigest).toBe(rebuiltDigest);
    const { rows } = await pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'billing' ORDER BY 1`);
    expect(rows.map((row) => row.tablename)).toEqual(['counts__2', 'projection_checkpoints', 'spaces__2']);
    await append(10);
    await runner.catchUp();
    expect(await rowsOf('billing.spaces')).toBe(appended);
  });

  it('names a planted difference and heals it', async () => {
    await append(20);
    await runner.catchUp(10_000);
    await db.admin.query(`UPDATE billing.spaces__1 SET name = 'Planted' WHERE name = 'Space 3'`);
    await db.admin.query(`DELETE FROM billing.spaces__1 WHERE name = 'Space 5'`);
    const report = await runner.rebuild();
    expect(report.identical).toBe(false);
    const [spaces, counts] = report.tables;
    expect(spaces!.liveDigest).not.toBe(spaces!.rebuiltDigest);
    expect(counts!.liveDigest).toBe(counts!.rebuiltDigest);
    expect(report.differences).toEqual([
      `spaces: ${appended - 1} rows were running and ${appended} were rebuilt`,
      expect.stringMatching(/^spaces: only in the running table: \{.*"name": "Planted"/),
      expect.stringMatching(/^spaces: only in the rebuilt table: \{.*"name": "Space 3"/),
      expect.stringMatching(/^spaces: only in the rebuilt table: \{.*"name": "Space 5"/),
    ]);
    expect((await readers.query(`SELECT name FROM billing.spaces WHERE name IN ('Planted', 'Space 3')`)).rows).toEqual([
      { name: 'Space 3' },
    ]);
    expect(await runner.rebuild()).toMatchObject({ identical: true });
  });

  it('sees a row that is there twice', async () => {
    const { tables } = spacesProjection();
    await runner.stop();
    runner = await start(
      log,
      spacesProjection({
        tables: { ...tables, counts: { ddl: (table) => [`CREATE TABLE ${table} (org_id text, spaces integer)`] } },
        async apply() {},
      }),
    );
    await runner.catchUp(10_000);
    await db.admin.query(`INSERT INTO billing.counts SELECT 'org', 1 FROM generate_series(1, 2)`);
    expect(await runner.rebuild()).toMatchObject({ identical: false });
  });

  it('under load is noticed by nobody: readers see every row all the time, and no event is lost', async () => {
    await append(250);
    await runner.catchUp(10_000);
    let running = true;
    const read = async () => {
      let seen = 0;
      while (running) {
        const { rows } = await readers.query(
          'SELECT (SELECT count(*) FROM billing.spaces) AS listed, (SELECT spaces FROM billing.counts WHERE org_id = $1) AS counted',
          [org],
        );
        const { listed, counted } = rows[0] as { listed: number; counted: number };
        if (listed !== counted || listed < seen)
          throw new Error(`${listed} listed, ${counted} counted, ${seen} before`);
        seen = listed;
      }
    };
    const write = async () => {
      while (running) {
        await append(20);
        await runner.waitFor(appended, 10_000);
      }
    };
    const load = Promise.all([read(), read(), write()]);
    const reports = [await runner.rebuild(), await runner.rebuild(), await runner.rebuild()];
    running = false;
    await load;
    for (const report of reports) expect(report).toMatchObject({ identical: true, differences: [] });
    expect(reports[2]!.position).toBeGreaterThan(reports[0]!.position);
    await runner.catchUp(10_000);
    expect(await rowsOf('billing.spaces')).toBe(appended);
  });

  it('waits for a reader who holds the tables in a long transaction, without keeping others from reading', async () => {
    // Schedule: a reader has the view open in its transaction; the rebuild cannot switch; another reader reads; the first
    // one ends; the rebuild switches.
    await append(5);
    await runner.catchUp(10_000);
    const holder = await readers.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT count(*) FROM billing.spaces');
    let done = false;
    const rebuilt = runner.rebuild().finally(() => (done = true));
    await until('the rebuild waits for the reader', async () => {
      const { rows } = await db.admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DROP %'`,
      );
      return rows.length > 0;
    });
    expect(await readers.query('SELECT count(*) FROM billing.spaces')).toBeDefined();
    expect(done).toBe(false);
    await holder.query('COMMIT');
    holder.release();
    expect(await rebuilt).toMatchObject({ identical: true });
  });

  it('is refused while it is under way', async () => {
    await append(300);
    await runner.catchUp(10_000);
    const outcomes = await Promise.allSettled([runner.rebuild(), runner.rebuild()]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(['CONFLICT']);
  });

  it('that was interrupted leaves the running tables alone, and the next one clears it away', async () => {
    await append(300);
    await runner.catchUp(10_000);
    let reads = 0;
    const failing: EventSource = {
      logId: () => log.logId(),
      head: () => log.head(),
      read: async (after, limit) => {
        if (++reads === 2) throw new Error('the power went out');
        return log.read(after, limit);
      },
    };
    await runner.stop();
    runner = await start(failing);
    await expect(runner.rebuild()).rejects.toThrow('the power went out');
    expect(await rowsOf('billing.spaces')).toBe(appended);
    await runner.stop();
    runner = await start();
    expect(await runner.rebuild()).toMatchObject({ identical: true });
    expect(
      (await pool.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'billing' AND tablename ~ 'spaces__'`)).rows,
    ).toHaveLength(1);
  });
});
