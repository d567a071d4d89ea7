import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exists } from '../files.ts';
import { freePort } from '../ports.ts';
import {
  postgresBinaries,
  startPostgresServer,
  stopPostgresServer,
  type PostgresOptions,
  type PostgresServer,
} from '../postgres/postgres-server.ts';
import { makeTestDirectory, removeTestDirectory, testRoot } from './test-directory.ts';

/** Known to everybody: test clusters listen on 127.0.0.1 for the length of a suite and hold nothing. */
export const TEST_PASSWORD = 'test';

const SETTINGS = { shared_buffers: '32MB', max_connections: '60' };

export interface TestPostgres {
  /** The superuser's URL of an empty database `tollgate`. */
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
  /** Ends it without a shutdown, as a power failure would for what is not yet on disk. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after `kill()` or while it runs (fast shutdown first). */
  restart(): Promise<void>;
}

/**
 * A Postgres of its own for one test suite: real binaries, fsync on, a free port. Starts in well under a second, because
 * the cluster is a copy of one that was initialised once for this machine.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const template = await ensureTemplate();
  const directory = await makeTestDirectory('postgres');
  const data = join(directory, 'postgres');
  execFileSync('cp', ['-a', template, data]);
  const logFile = join(directory, 'logs', 'postgres.log');
  const options: PostgresOptions = { directory: data, port: 0, password: TEST_PASSWORD, logFile, settings: SETTINGS };
  let server = await startOnFreePort(options);
  return {
    url: server.url,
    port: options.port,
    logFile,
    async stop() {
      await stopPostgresServer(server.process);
      removeTestDirectory(directory);
    },
    async kill() {
      // SIGQUIT is Postgres's immediate shutdown: no checkpoint is written, the next start recovers from the WAL.
      server.process.kill('SIGQUIT');
      await server.process.exited;
    },
    async restart() {
      await stopPostgresServer(server.process);
      server = await startPostgresServer(options);
    },
  };
}

/** Between the choice of a port and its use another suite may take it: then another one is chosen. */
async function startOnFreePort(options: PostgresOptions): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    options.port = await freePort();
    try {
      return await startPostgresServer(options);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** The initialised cluster that test clusters are copied from, made if there is none yet; returns its PGDATA. */
export async function ensureTemplate(): Promise<string> {
  const { postgres } = await postgresBinaries();
  const version = execFileSync(postgres, ['--version'], { encoding: 'utf8' }).replace(/[^\d.]/g, '');
  const template = join(testRoot(), `tollgate-postgres-template-${version}-${process.getuid?.() ?? 0}`, 'postgres');
  if (exists(template)) return template;
  const directory = await makeTestDirectory('template');
  const data = join(directory, 'postgres');
  const logFile = join(directory, 'logs', 'postgres.log');
  const server = await startOnFreePort({
    directory: data,
    port: 0,
    password: TEST_PASSWORD,
    logFile,
    settings: SETTINGS,
  });
  await stopPostgresServer(server.process);
  const place = join(template, '..');
  try {
    mkdirSync(place, { recursive: true });
    renameSync(data, template);
  } catch (error) {
    // Another suite was faster: its template is as good.
    if (!exists(template)) throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return template;
}
