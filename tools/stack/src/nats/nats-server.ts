import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { lastLines, readText, StartError, writeFileAtomic } from '../files.ts';
import {
  commandLine,
  isAlive,
  sleep,
  spawnServer,
  stopForeign,
  stopServer,
  within,
  type ServerProcess,
} from '../processes.ts';
import { loadOrCreateAuthority, type NatsAuthority } from './authority.ts';
import { natsConfiguration } from './nats-configuration.ts';

/** SIGTERM lets nats-server flush its streams. */
const STOP_STEPS: readonly [NodeJS.Signals, number][] = [
  ['SIGTERM', 5_000],
  ['SIGKILL', 3_000],
];

export interface NatsOptions {
  /** The nats-server executable. */
  binary: string;
  /** Configuration, keys and streams live here. Created by the first start. */
  directory: string;
  port: number;
  logFile: string;
}

export interface NatsServer {
  readonly process: ServerProcess;
  readonly url: string;
  readonly authority: NatsAuthority;
}

/**
 * Starts a NATS server with JetStream on 127.0.0.1, with decentralised JWT authentication: only users signed by the
 * account's key get in, each with the subjects its JWT names. Returns when it accepts connections.
 * Runs on nats-server 2.9 and later. Throws StartError if it does not come up.
 */
export async function startNatsServer(options: NatsOptions): Promise<NatsServer> {
  const { binary, directory, port, logFile } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await stopLeftNatsServer(directory);
  const authority = await loadOrCreateAuthority(join(directory, 'keys.json'));
  const configuration = configurationFile(directory);
  const text = natsConfiguration({
    listen: `127.0.0.1:${port}`,
    storeDir: join(directory, 'jetstream'),
    pidFile: join(directory, 'nats.pid'),
    authority,
  });
  writeFileAtomic(configuration, text, 0o600);
  const server = await spawnServer({ command: binary, args: ['-c', configuration], logFile });
  for (let waited = 0; waited < 20_000 && !server.exit; waited += 10) {
    if (await greets(port)) return { process: server, url: `nats://127.0.0.1:${port}`, authority };
    await sleep(10);
  }
  if (!server.exit) await stopNatsServer(server);
  throw new StartError(`nats-server did not start. Its log ${logFile} ends with:\n${lastLines(logFile)}`);
}

/** Stops it in order; its streams are on disk afterwards. */
export async function stopNatsServer(server: ServerProcess): Promise<void> {
  await stopServer(server, STOP_STEPS);
}

/** True if the process is a NATS server that was started on this directory. */
export function isNatsServerOf(pid: number, directory: string): boolean {
  return commandLine(pid)?.endsWith(` -c ${configurationFile(directory)}`) ?? false;
}

function configurationFile(directory: string): string {
  return join(directory, 'nats.conf');
}

/** A launcher that was killed leaves its server behind: it is stopped, if it runs on this very directory. */
export async function stopLeftNatsServer(directory: string): Promise<void> {
  const pidFile = join(directory, 'nats.pid');
  const pid = Number(readText(pidFile));
  if (pid > 0 && isAlive(pid) && isNatsServerOf(pid, directory) && !(await stopForeign(pid, STOP_STEPS))) {
    throw new StartError(`A NATS server left by an earlier start (process ${pid}) does not stop: stop it by hand.`);
  }
  rmSync(pidFile, { force: true });
}

/** A NATS server greets every connection with a line `INFO {…}`. */
async function greets(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    const greeting = new Promise<boolean>((resolve) => {
      socket.once('data', (data) => resolve(data.toString().startsWith('INFO ')));
      socket.once('error', () => resolve(false));
    });
    return (await within(greeting, 1_000)) ?? false;
  } finally {
    socket.destroy();
  }
}
