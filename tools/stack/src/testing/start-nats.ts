import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { busPermissions, type BusPermissions, type BusUser } from '@tollgate/contracts';
import { createUserCreds } from '@tollgate/identity/nats-users';
import { writeFileAtomic } from '../files.ts';
import { findNatsServer } from '../nats/nats-binary.ts';
import { startNatsServer, stopNatsServer, type NatsOptions, type NatsServer } from '../nats/nats-server.ts';
import { freePort } from '../ports.ts';
import { makeTestDirectory, removeTestDirectory } from './test-directory.ts';

/** Where tests keep a nats-server that had to be fetched. */
export const testBinaryDirectory = fileURLToPath(new URL('../../../../node_modules/.cache/tollgate', import.meta.url));

/** The path of a nats-server executable for tests; fetched if there is none. */
export function natsServerBinary(): Promise<string> {
  return findNatsServer({ directory: testBinaryDirectory });
}

export interface TestNats {
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
  /**
   * The path of a `.creds` file. A service's name or `outside:…` gives just that user's permissions; other names need
   * permissions, or `'everything'`.
   */
  credsFor(name: BusUser): Promise<string>;
  credsFor(name: string, permissions: BusPermissions | 'everything'): Promise<string>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL); streams and keys stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after `kill()` or while it runs. `wipe` deletes the streams first. */
  restart(options?: { wipe?: boolean }): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** A NATS server with JetStream of its own for one test suite, with the authentication that `npm start` uses. */
export async function startNats(): Promise<TestNats> {
  const binary = await findNatsServer({ directory: testBinaryDirectory });
  const root = await makeTestDirectory('nats');
  const directory = join(root, 'nats');
  const options: NatsOptions = { binary, directory, port: 0, logFile: join(root, 'logs', 'nats.log') };
  let server = await startOnFreePort(options);
  const { accountKeys } = server.authority;
  mkdirSync(join(root, 'creds'));
  return {
    url: server.url,
    port: options.port,
    logFile: options.logFile,
    async credsFor(name: string, permissions: BusPermissions | 'everything' = busPermissions(name as BusUser)) {
      const everything = { publish: { allow: ['>'] }, subscribe: { allow: ['>'] } };
      const path = join(root, 'creds', `${name.replaceAll(/[^\w-]/g, '_')}-${crypto.randomUUID().slice(0, 8)}.creds`);
      const granted = permissions === 'everything' ? everything : permissions;
      writeFileAtomic(path, await createUserCreds(accountKeys, name, granted), 0o600);
      return path;
    },
    async stop() {
      await stopNatsServer(server.process);
      removeTestDirectory(root);
    },
    async kill() {
      server.process.kill('SIGKILL');
      await server.process.exited;
    },
    async restart({ wipe = false } = {}) {
      await stopNatsServer(server.process);
      if (wipe) removeTestDirectory(join(directory, 'jetstream'));
      server = await startNatsServer(options);
    },
    pause: () => server.process.kill('SIGSTOP'),
    resume: () => server.process.kill('SIGCONT'),
  };
}

/** Between the choice of a port and its use another suite may take it: then another one is chosen. */
async function startOnFreePort(options: NatsOptions): Promise<NatsServer> {
  for (let attempt = 1; ; attempt++) {
    options.port = await freePort();
    try {
      return await startNatsServer(options);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
