import { connect } from 'node:net';
import type { StackConfig } from './config.ts';
import type { DataDirectory } from './data/data-directory.ts';
import { KeptPorts, requireFreePort } from './data/kept-ports.ts';
import { StartError, writeFileAtomic } from './files.ts';
import { writeServiceCreds } from './nats/credentials.ts';
import { findNatsServer } from './nats/nats-binary.ts';
import { startNatsServer, stopLeftNatsServer, stopNatsServer, type NatsServer } from './nats/nats-server.ts';
import type { Output } from './output.ts';
import { within } from './processes.ts';
import { startPostgresServer, stopLeftPostgres, stopPostgresServer } from './postgres/postgres-server.ts';
import { logFile } from './services/log-files.ts';
import { stackServices } from './services/service-definitions.ts';
import { Supervised } from './services/supervisor.ts';

/** A server that the stack uses; `supervised` only if it is the stack's own. */
export interface UsedServer {
  url: string;
  supervised?: Supervised;
}

export interface Preparation {
  config: StackConfig;
  data: DataDirectory;
  ports: KeptPorts;
  output: Output;
}

/** Ends servers of an earlier launcher on this data directory, so that their ports are free again. */
export async function stopLeftServers(data: DataDirectory): Promise<void> {
  await stopLeftNatsServer(data.nats);
  await stopLeftPostgres(data.postgres);
}

/** The embedded Postgres, or the one that `TOLLGATE_DATABASE_URL` names. `url` is an administrator's. */
export async function providePostgres(
  { config, data, ports, output }: Preparation,
  password: string,
): Promise<UsedServer> {
  if (config.databaseUrl) return { url: config.databaseUrl };
  const port = config.postgresPort
    ? await requireFreePort(config.postgresPort, 'TOLLGATE_POSTGRES_PORT')
    : await ports.choose('postgres');
  const options = { directory: data.postgres, port, password, logFile: logFile(data.logs, 'postgres') };
  let url = '';
  const supervised = new Supervised({
    name: 'Postgres',
    async start() {
      const server = await startPostgresServer(options);
      url = server.url;
      return server.process;
    },
    stop: stopPostgresServer,
    print: (line) => output.line(line),
  });
  await supervised.start();
  return { url, supervised };
}

/** The embedded NATS server with one credentials file per service, or the server that `TOLLGATE_NATS_URL` names. */
export async function provideNats({ config, data, ports, output }: Preparation): Promise<UsedServer> {
  if (config.natsUrl) {
    await reach(config.natsUrl);
    return { url: config.natsUrl };
  }
  const binary = await findNatsServer({
    directory: data.bin,
    env: config.env,
    onProgress: (what) => output.line(`${what} …`),
  });
  const port = config.natsPort
    ? await requireFreePort(config.natsPort, 'TOLLGATE_NATS_PORT')
    : await ports.choose('nats');
  const options = { binary, directory: data.nats, port, logFile: logFile(data.logs, 'nats') };
  let server: NatsServer | undefined;
  const supervised = new Supervised({
    name: 'NATS',
    async start() {
      server = await startNatsServer(options);
      return server.process;
    },
    stop: stopNatsServer,
    print: (line) => output.line(line),
  });
  await supervised.start();
  const { url, authority } = server as unknown as NatsServer;
  writeFileAtomic(data.natsAccountKeys, `${JSON.stringify(authority.accountKeys, null, 2)}\n`, 0o600);
  await writeServiceCreds(
    data.natsCreds,
    authority.accountKeys,
    stackServices.map(({ name }) => name),
  );
  return { url, supervised };
}

/** One of the servers must at least accept a connection: better one sentence now than a timeout later. */
async function reach(urls: string): Promise<void> {
  const attempts = await Promise.allSettled(urls.split(',').map((url) => greet(url.trim())));
  if (attempts.some(({ status }) => status === 'fulfilled')) return;
  const reasons = attempts.map((attempt) => (attempt as PromiseRejectedResult).reason as Error);
  throw new StartError(`TOLLGATE_NATS_URL: ${reasons.map(({ message }) => message).join('; ')}.`);
}

async function greet(url: string): Promise<void> {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (!address?.hostname) throw new Error(`"${url}" is not a URL of the form nats://host:port`);
  const port = Number(address.port) || 4222;
  const socket = connect({ port, host: address.hostname.replace(/^\[|\]$/g, '') });
  const connected = new Promise<true>((resolve, reject) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', reject);
  });
  try {
    if (!(await within(connected, 5_000))) throw new Error('no answer within 5 s');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`the server at ${address.hostname}:${port} cannot be reached (${reason})`, { cause: error });
  } finally {
    socket.destroy();
  }
}
