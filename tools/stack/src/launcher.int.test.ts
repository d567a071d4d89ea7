import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName, StackState } from '@tollgate/contracts';
import pg from 'pg';
import { freePort, isPortFree } from './ports.ts';
import { isAlive } from './processes.ts';
import { spawnLauncher, type LauncherProcess } from './testing/launcher-process.ts';
import { startNats } from './testing/start-nats.ts';
import { startPostgres } from './testing/start-postgres.ts';
import { prepareDataDirectory, testEnvironment } from './testing/start-stack.ts';
import { makeTestDirectory, removeTestDirectory } from './testing/test-directory.ts';

interface Running {
  TOLLGATE_DATABASE_URL?: string;
  TOLLGATE_NATS_URL: string;
  TOLLGATE_NATS_CREDS: string;
  pid: number;
}

describe('the launcher', () => {
  let dataDir: string;
  let env: NodeJS.ProcessEnv;
  let launchers: LauncherProcess[];

  beforeEach(async () => {
    dataDir = await makeTestDirectory('launcher');
    await prepareDataDirectory(dataDir);
    env = await testEnvironment(dataDir);
    launchers = [];
  });

  afterEach(async () => {
    for (const launcher of launchers) launcher.kill('SIGTERM');
    await Promise.all(launchers.map(({ exited }) => exited));
    removeTestDirectory(dataDir);
  });

  function start(extra: NodeJS.ProcessEnv = {}): LauncherProcess {
    const launcher = spawnLauncher({ ...env, ...extra });
    launchers.push(launcher);
    return launcher;
  }

  const ask = async (state: StackState, name: ServiceName): Promise<Running> =>
    (await (await fetch(`${state.services[name].url}/readyz`)).json()) as Running;

  async function query(state: StackState, text: string): Promise<unknown> {
    const { databaseAdminUrl } = JSON.parse(readFileSync(state.secretsFile, 'utf8')) as { databaseAdminUrl: string };
    const client = new pg.Client({ connectionString: databaseAdminUrl });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** The launcher itself is the child of the bootstrap. */
  const serverPids = (state: StackState): number[] => [
    Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
    Number(readFileSync(join(dataDir, 'nats', 'nats.pid'), 'utf8')),
    ...Object.values(JSON.parse(readFileSync(join(state.dataDir, 'processes.json'), 'utf8')) as object).map(
      ({ pid }: { pid: number }) => pid,
    ),
  ];

  async function until(what: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!(await what())) {
      if (performance.now() > deadline) throw new Error(`not true after 20 s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('starts everything, and Ctrl-C stops everything it started, with exit code 0', async () => {
    const launcher = start();
    const state = await launcher.ready();
    const pids = [state.launcherPid, ...serverPids(state)];
    expect(pids.length).toBe(9);
    expect(pids.every(isAlive)).toBe(true);
    launcher.interrupt();
    expect(await launcher.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    // Ctrl-C reached the launcher only: everybody else was asked, one after the other.
    for (const { logFile } of Object.values(state.services))
      expect(readFileSync(logFile, 'utf8')).toBe('asked to end\n');
    expect(launcher.output()).not.toContain('starting it again');
    expect(launcher.output().match(/stopped/g)).toHaveLength(1);
    expect(launcher.output().trimEnd().endsWith('stopped')).toBe(true);
  });

  it('gives each service its own role and credentials, and nobody the administrator s', async () => {
    const state = await start().ready();
    expect((await ask(state, 'billing-meter')).TOLLGATE_DATABASE_URL).toContain('//tollgate_billing_meter:');
    expect((await ask(state, 'auth-verifier')).TOLLGATE_DATABASE_URL).toBeUndefined();
    expect((await ask(state, 'api-gateway')).TOLLGATE_DATABASE_URL).toBeUndefined();
    const { TOLLGATE_NATS_CREDS: creds } = await ask(state, 'audit-projector');
    expect(creds).toBe(join(dataDir, 'nats', 'creds', 'audit-projector.creds'));
    for (const secret of [
      creds,
      state.secretsFile,
      state.natsAccountKeysFile as string,
      join(dataDir, 'nats', 'keys.json'),
    ]) {
      expect([secret, statSync(secret).mode & 0o777]).toEqual([secret, 0o600]);
    }
  });

  it('keeps data, ports and credentials from one start to the next', async () => {
    const first = start();
    const before = await first.ready();
    await query(before, 'CREATE TABLE kept AS SELECT 42 AS x');
    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    const after = await start().ready();
    expect(await query(after, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
    expect({ ...after, launcherPid: 0, startedAt: '' }).toEqual({ ...before, launcherPid: 0, startedAt: '' });
  });

  it('refuses a second start on the same directory with one sentence that names the process', async () => {
    const state = await start().ready();
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output().trim()).toBe(
      `A stack is already running on ${dataDir} (process ${state.launcherPid}): stop it first, or set TOLLGATE_DATA_DIR to another directory.`,
    );
    expect((await fetch(`${state.httpUrl}/readyz`)).status).toBe(200);
  });

  it.each(['TOLLGATE_HTTP_PORT', 'TOLLGATE_VERIFIER_PORT', 'TOLLGATE_NATS_PORT', 'TOLLGATE_POSTGRES_PORT'])(
    'names %s when that port is in use',
    async (variable) => {
      const somebody = createServer().listen(0, '127.0.0.1');
      await once(somebody, 'listening');
      const { port } = somebody.address() as { port: number };
      const launcher = start({ [variable]: String(port) });
      expect(await launcher.exited).toBe(1);
      expect(launcher.output()).toContain(`Port ${port} on 127.0.0.1 is in use by another program`);
      expect(launcher.output()).toContain(`set ${variable} to a free port`);
      somebody.close();
    },
  );

  it('starts again after it was killed, and ends what was left behind', async () => {
    const first = start();
    const before = await first.ready();
    const pids = serverPids(before);
    process.kill(before.launcherPid, 'SIGKILL');
    await first.exited;
    const services = pids.slice(2);
    await until(() => !services.some(isAlive));
    const [postmaster, natsServer] = pids as [number, number];
    expect([isAlive(postmaster), isAlive(natsServer)]).toEqual([true, true]);
    const after = await start().ready();
    expect([isAlive(postmaster), isAlive(natsServer)]).toEqual([false, false]);
    expect(after.natsUrl).toBe(before.natsUrl);
    expect(after.postgres).toBe(before.postgres);
  });

  it('leaves alone a process that has the id of a server of an earlier start', async () => {
    const first = start();
    const state = await first.ready();
    first.kill('SIGTERM');
    await first.exited;
    // Stands in for whatever program was given the id out again; of Postgres's own user, or Postgres would not mind it.
    const { uid } = statSync(join(dataDir, 'postgres'));
    const stranger = spawn('sleep', ['60'], { uid });
    writeFileSync(join(dataDir, 'nats', 'nats.pid'), String(stranger.pid));
    writeFileSync(join(dataDir, 'processes.json'), JSON.stringify({ x: { pid: stranger.pid, start: 'then' } }));
    writeFileSync(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${dataDir}/postgres\n1\n1\n\n127.0.0.1\n`,
    );
    const again = await start().ready();
    expect(again.postgres).toBe(state.postgres);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill();
  });

  it('starts a service, NATS and Postgres again when they die', async () => {
    const launcher = start();
    const state = await launcher.ready();
    const { pid } = await ask(state, 'billing-meter');
    const [postmaster, natsServer] = serverPids(state) as [number, number];
    process.kill(pid, 'SIGKILL');
    process.kill(postmaster, 'SIGKILL');
    process.kill(natsServer, 'SIGKILL');
    await until(() =>
      ask(state, 'billing-meter').then(
        (now) => now.pid !== pid,
        () => false,
      ),
    );
    await until(() =>
      query(state, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    await until(() => serverPids(state)[1] !== natsServer);
    expect(launcher.output()).toContain('billing-meter ended (signal SIGKILL): starting it again.');
    expect(launcher.output()).toContain('Postgres ended (signal SIGKILL): starting it again.');
    expect(launcher.output()).toContain('NATS ended (signal SIGKILL): starting it again.');
  });

  it('uses the servers that the environment names, and leaves them running', async () => {
    const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
    const credsDir = join(dataDir, 'given');
    const launcher = start({
      TOLLGATE_DATABASE_URL: postgres.url,
      TOLLGATE_NATS_URL: nats.url,
      TOLLGATE_NATS_CREDS_DIR: credsDir,
    });
    const state = await launcher.ready();
    expect(state.embedded).toEqual({ nats: false, postgres: false });
    expect(state.natsAccountKeysFile).toBeNull();
    const audit = await ask(state, 'audit-projector');
    expect(audit.TOLLGATE_NATS_URL).toBe(nats.url);
    expect(audit.TOLLGATE_NATS_CREDS).toBe(join(credsDir, 'audit-projector.creds'));
    expect(audit.TOLLGATE_DATABASE_URL).toMatch(new RegExp(`//tollgate_audit_projector:.*:${postgres.port}/tollgate$`));
    launcher.interrupt();
    expect(await launcher.exited).toBe(0);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.end();
    expect(await isPortFree(nats.port)).toBe(false);
    await Promise.all([postgres.stop(), nats.stop()]);
  });

  it.each([
    ['TOLLGATE_DATABASE_URL', 'postgres://postgres:x@127.0.0.1:PORT/tollgate'],
    ['TOLLGATE_NATS_URL', 'nats://127.0.0.1:PORT'],
  ])('names %s when that server cannot be reached', async (variable, url) => {
    const launcher = start({ [variable]: url.replace('PORT', String(await freePort())) });
    expect(await launcher.exited).toBe(1);
    expect(launcher.output()).toMatch(new RegExp(`${variable}.*ECONNREFUSED`));
  });

  it('stops what it has begun when it is interrupted while starting', async () => {
    const launcher = start();
    await until(() => launcher.output().includes('Starting NATS'));
    launcher.interrupt();
    expect(await launcher.exited).toBe(0);
    expect(launcher.output().trimEnd().endsWith('stopped')).toBe(true);
    const postmaster = join(dataDir, 'postgres', 'postmaster.pid');
    expect(() => statSync(postmaster)).toThrow();
  });

  it('stops everything when only the bootstrap is killed', async () => {
    const launcher = start();
    const state = await launcher.ready();
    const pids = [state.launcherPid, ...serverPids(state)];
    launcher.kill('SIGKILL');
    await until(() => !pids.some(isAlive));
  });

  it('says what is wrong when a service does not come up, and stops the rest', async () => {
    const launcher = start({ FAKE_EXIT: 'audit-projector' });
    expect(await launcher.exited).toBe(1);
    expect(launcher.output()).toContain('audit-projector ended at its start (exit code 7).');
    expect(launcher.output()).toContain('the reason stands in the log');
    expect(() => statSync(join(dataDir, 'postgres', 'postmaster.pid'))).toThrow();
  });
});
