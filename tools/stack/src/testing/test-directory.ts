import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockOwner } from '../data/lock.ts';
import { readText } from '../files.ts';
import { isAlive, stopForeign } from '../processes.ts';
import { isPostmasterOf } from '../postgres/postgres-server.ts';
import { isNatsServerOf } from '../nats/nats-server.ts';

const PREFIX = 'tollgate-test-';
let swept = false;

/** The directory for temporary data of tests, by its real name, so that command lines can be compared with it. */
export function testRoot(): string {
  return realpathSync(tmpdir());
}

/**
 * A fresh directory for one server of one test suite. The name carries this process's id, so that what a killed test
 * run left behind (directories and servers) is found and removed by the next run.
 */
export async function makeTestDirectory(kind: string): Promise<string> {
  if (!swept) {
    swept = true;
    await sweep();
  }
  const directory = mkdtempSync(join(testRoot(), `${PREFIX}${process.pid}-${kind}-`));
  // mkdtemp makes it 0700, which would keep out the user that Postgres runs as under root.
  execFileSync('chmod', ['755', directory]);
  mkdirSync(join(directory, 'logs'));
  return directory;
}

export function removeTestDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Stops servers and removes directories of test processes that are gone. */
export async function sweep(): Promise<void> {
  for (const name of readdirSync(testRoot())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!pid || isAlive(pid)) continue;
    const directory = join(testRoot(), name);
    await stopLeftServers(directory);
    removeTestDirectory(directory);
  }
}

/** Stops servers that still run on a data directory whose owner is gone. */
async function stopLeftServers(directory: string): Promise<void> {
  const launcher = lockOwner(join(directory, 'launcher.lock'));
  if (launcher !== undefined) await stopForeign(launcher, [['SIGKILL', 3_000]]);
  const postmaster = Number(readText(join(directory, 'postgres', 'postmaster.pid'))?.split('\n')[0]);
  if (postmaster > 0 && isPostmasterOf(postmaster, join(directory, 'postgres'))) {
    await stopForeign(postmaster, [['SIGQUIT', 3_000]]);
  }
  const nats = Number(readText(join(directory, 'nats', 'nats.pid')));
  if (nats > 0 && isNatsServerOf(nats, join(directory, 'nats'))) await stopForeign(nats, [['SIGKILL', 3_000]]);
}
