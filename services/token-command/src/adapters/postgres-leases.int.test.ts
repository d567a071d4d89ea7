import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startDatabase, type TestDatabase } from '@tollgate/event-log/testing';
import { LeaseWatch } from '../application/leases/lease-watch.ts';
import { openDatabase } from './database.ts';
import { PostgresLeases } from './postgres-leases.ts';

let database: TestDatabase;
let leases: PostgresLeases;

beforeAll(async () => {
  database = await startDatabase();
  leases = new PostgresLeases(openDatabase(database.pool('token-command')));
}, 60_000);
afterAll(() => database?.stop());

/** Each test begins with rows that are vouched for. */
beforeEach(async () => {
  await leases.vouch((await leases.mark()).state);
  expect(await leases.mark()).toMatchObject({ intact: true });
});

const admin = (text: string) => database.admin.query(text);
const held = async () => (await leases.all()).leases.map(({ incarnation }) => incarnation).sort();

/** What the table holds, as a dump writes it, put into its place later by whoever calls the returned function. */
async function dump(): Promise<() => Promise<void>> {
  await admin(
    'DROP TABLE IF EXISTS public.copy; CREATE TABLE public.copy AS SELECT log_id, incarnation, verifier, renewal, run, written_by FROM log.leases',
  );
  return async () => {
    await admin(`BEGIN; TRUNCATE log.leases;
      INSERT INTO log.leases (log_id, incarnation, verifier, renewal, run, written_by) SELECT * FROM public.copy; COMMIT`);
  };
}

/** The data directory, file by file. */
async function dataDirectory(): Promise<string> {
  return (await database.admin.query<{ data_directory: string }>('SHOW data_directory')).rows[0]!.data_directory;
}

describe('leases as rows', () => {
  it('are there before the first start of an authority, and nothing is missing', async () => {
    const fresh = await startDatabase();
    try {
      const found = await new PostgresLeases(openDatabase(fresh.pool('token-command'))).all();
      expect(found).toMatchObject({ leases: [], mark: { intact: true } });
    } finally {
      await fresh.stop();
    }
  });

  it('outlive a crash of Postgres: the table is logged', async () => {
    const { rows } = await database.admin.query(
      "SELECT relpersistence FROM pg_class WHERE oid = 'log.leases'::regclass",
    );
    expect(rows).toEqual([{ relpersistence: 'p' }]);
    await leases.renew('incarnation-crash', 'verifier');
    await database.server.kill();
    await database.server.restart();
    expect(await held()).toContain('incarnation-crash');
    expect(await leases.giveBack('incarnation-crash')).toBe(true);
  });

  it('keep their mark while they are renewed, given back, vacuumed and rewritten', async () => {
    await leases.renew('incarnation-1', 'verifier');
    await leases.renew('incarnation-1', 'verifier');
    await leases.giveBack('incarnation-1');
    await admin('VACUUM (FULL, FREEZE) log.leases');
    expect(await leases.mark()).toMatchObject({ intact: true });
  });

  it('may be missing after a new start of Postgres, until somebody vouches for them', async () => {
    await database.server.restart();
    const { intact, state } = await leases.mark();
    expect(intact).toBe(false);
    await leases.vouch(state);
    expect(await leases.mark()).toMatchObject({ intact: true });
  });

  it('may be missing when an older copy of the table is restored into the same run', async () => {
    const restore = await dump();
    await leases.renew('incarnation-later', 'verifier');
    await restore();
    expect(await held()).toEqual([]);
    expect(await leases.mark()).toMatchObject({ intact: false });
  });

  it('may be missing when the table is emptied', async () => {
    await admin('TRUNCATE log.leases');
    expect(await leases.mark()).toMatchObject({ intact: false });
  });

  it('may be missing when an older data directory is put back, whose mark says that all is well', async () => {
    const directory = await dataDirectory();
    await database.server.kill();
    execFileSync('cp', ['-a', directory, `${directory}-old`]);
    await database.server.restart();
    await leases.vouch((await leases.mark()).state);
    await leases.renew('incarnation-lost', 'verifier');
    await database.server.kill();
    execFileSync('rm', ['-rf', directory]);
    execFileSync('mv', [`${directory}-old`, directory]);
    await database.server.restart();
    expect(await held()).toEqual([]);
    expect(await leases.mark()).toMatchObject({ intact: false });
  });

  it('are not vouched for in another state than the one that was looked at', async () => {
    await admin('TRUNCATE log.leases');
    const { state } = await leases.mark();
    await database.server.restart();
    await leases.vouch(state);
    expect(await leases.mark()).toMatchObject({ intact: false });
  });
});

describe('the watch over leases', () => {
  const terms = { leaseMs: 200, marginMs: 50 };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('vouches L + M after it noticed, not before', async () => {
    await admin('TRUNCATE log.leases');
    const watch = new LeaseWatch(leases, terms);
    const noticedMs = performance.now();
    for (;;) {
      await watch.look();
      if ((await leases.mark()).intact) break;
      await pause(5);
    }
    expect(performance.now() - noticedMs).toBeGreaterThanOrEqual(terms.leaseMs + terms.marginMs);
  });

  it('waits anew when the rows are lost again meanwhile', async () => {
    const restore = await dump();
    await restore();
    const watch = new LeaseWatch(leases, terms);
    await watch.look();
    await pause(terms.leaseMs + terms.marginMs);
    await restore();
    await watch.look();
    expect(await leases.mark()).toMatchObject({ intact: false });
  });
});
