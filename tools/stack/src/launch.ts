import type { ServiceName, StackSecrets, StackState } from '@tollgate/contracts';
import { build } from './build.ts';
import { readConfig, type StackConfig } from './config.ts';
import { openDataDirectory, type DataDirectory } from './data/data-directory.ts';
import { prepareDatabase } from './data/database.ts';
import { KeptPorts, requireFreePort } from './data/kept-ports.ts';
import { loadOrCreateSecrets, saveSecrets } from './data/secrets.ts';
import { writeFileAtomic } from './files.ts';
import { credsFile } from './nats/credentials.ts';
import type { Output } from './output.ts';
import { provideNats, providePostgres, stopLeftServers, type Preparation, type UsedServer } from './servers.ts';
import { ProcessRecord } from './services/left-behind.ts';
import { logFile } from './services/log-files.ts';
import { waitUntilReady, type Awaited } from './services/readiness.ts';
import { stackServices, type ServiceDefinition } from './services/service-definitions.ts';
import { serviceEnvironment, spawnService, stopService, type ServiceSettings } from './services/service-process.ts';
import { Supervised } from './services/supervisor.ts';

export interface LaunchOptions {
  env: NodeJS.ProcessEnv;
  output: Output;
  /** Gives the start up at the next possible place; `launch` then stops what it started and throws. */
  signal: AbortSignal;
  /** Default: all services of the stack. */
  services?: readonly ServiceDefinition[];
  /** False: what stands in `dist` is run as it is. */
  build?: boolean;
  /** How long the services may take to be ready. */
  readyTimeoutMs?: number;
}

export interface RunningService extends Awaited {
  name: ServiceName;
  settings: ServiceSettings;
  env: NodeJS.ProcessEnv;
}

export interface RunningStack {
  state: StackState;
  secrets: StackSecrets;
  services: ReadonlyMap<ServiceName, RunningService>;
  /** Absent: the operator's own server. */
  postgres: Supervised | undefined;
  nats: Supervised | undefined;
  /** Services first, then NATS, then Postgres; the data stays. */
  stop(): Promise<void>;
}

/**
 * Starts the whole stack and returns when every service is ready.
 * Throws StartError, with everything stopped again, if that is not possible.
 */
export async function launch(options: LaunchOptions): Promise<RunningStack> {
  const { output, signal } = options;
  const config = readConfig(options.env);
  const data = openDataDirectory(config.dataDir);
  const cleanups: (() => Promise<void>)[] = [async () => data.release()];
  const stop = async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  };
  try {
    await clearLeftovers(data, output);
    await requireFreePort(config.httpPort, 'TOLLGATE_HTTP_PORT', config.host);
    await requireFreePort(config.verifierPort, 'TOLLGATE_VERIFIER_PORT', config.host);
    const preparation = { config, data, ports: new KeptPorts(data.portsFile), output };
    const kept = loadOrCreateSecrets(data.secretsFile);
    if (options.build !== false) await output.step('Building', () => build(signal));
    signal.throwIfAborted();
    const describe = ({ url, supervised }: UsedServer) => `${supervised ? '' : 'outside, '}${placeOf(url)}`;
    const postgres = await output.step(
      'Starting Postgres',
      () => providePostgres(preparation, kept.postgresSuperuserPassword),
      describe,
    );
    cleanups.push(async () => postgres.supervised?.stop());
    signal.throwIfAborted();
    const nats = await output.step('Starting NATS', () => provideNats(preparation), describe);
    cleanups.push(async () => nats.supervised?.stop());
    signal.throwIfAborted();
    const { urls } = await output.step(
      'Preparing the database',
      () => prepareDatabase(postgres.url, kept.servicePasswords, !postgres.supervised),
      ({ migrations }) => (migrations.length === 0 ? 'up to date' : `${migrations.length} migrations ran`),
    );
    const secrets: StackSecrets = { databaseAdminUrl: postgres.url, databaseUrls: urls };
    saveSecrets(data.secretsFile, { ...kept, ...secrets });
    signal.throwIfAborted();
    const services = await defineServices(preparation, options.services ?? stackServices, nats, urls);
    cleanups.push(async () => void (await Promise.all(services.map(({ supervised }) => supervised.stop()))));
    await output.step('Starting the services', async () => {
      await Promise.all(services.map(({ supervised }) => supervised.start()));
      await waitUntilReady(services, { timeoutMs: options.readyTimeoutMs ?? 120_000, signal });
    });
    const state = stateOf(config, data, { postgres, nats }, services);
    writeFileAtomic(data.stateFile, `${JSON.stringify(state, null, 2)}\n`, 0o600);
    return {
      state,
      secrets,
      services: new Map(services.map((service) => [service.name, service])),
      postgres: postgres.supervised,
      nats: nats.supervised,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where a server is, without user and password. */
function placeOf(url: string): string {
  return url.replace(/^\w+:\/\/(.*@)?/, '').replace(/\?.*$/, '');
}

async function clearLeftovers(data: DataDirectory, output: Output): Promise<void> {
  const left = await ProcessRecord.stopLeft(data.processesFile);
  if (left > 0) output.line(`Stopped ${left} services that an earlier start had left behind.`);
  await stopLeftServers(data);
}

async function defineServices(
  { config, data, ports, output }: Preparation,
  definitions: readonly ServiceDefinition[],
  nats: UsedServer,
  databaseUrls: Partial<Record<ServiceName, string>>,
): Promise<RunningService[]> {
  const record = new ProcessRecord(data.processesFile);
  const credsDir = nats.supervised ? data.natsCreds : config.natsCredsDir;
  const services: RunningService[] = [];
  for (const definition of definitions) {
    const { name } = definition;
    const port = await portOf(definition, config, ports);
    const settings: ServiceSettings = {
      definition,
      port,
      host: definition.port === 'health' ? '127.0.0.1' : config.host,
      natsUrl: nats.url,
      credsFile: credsDir && credsFile(credsDir, name),
      databaseUrl: databaseUrls[name],
      logFile: logFile(data.logs, name),
    };
    const env = serviceEnvironment(config, data.path, settings);
    const supervised = new Supervised({
      name,
      start: () => spawnService(settings, env),
      stop: stopService,
      onStarted: (process) => record.add(name, process),
      print: (line) => output.line(line),
    });
    services.push({ name, url: urlOf(settings.host, port), logFile: settings.logFile, settings, env, supervised });
  }
  return services;
}

async function portOf(definition: ServiceDefinition, config: StackConfig, ports: KeptPorts): Promise<number> {
  if (definition.port === 'http') return config.httpPort;
  if (definition.port === 'verifier') return config.verifierPort;
  return ports.choose(definition.name);
}

/** A server that listens everywhere is reached here under the loopback address. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function stateOf(
  config: StackConfig,
  data: DataDirectory,
  { postgres, nats }: { postgres: UsedServer; nats: UsedServer },
  services: readonly RunningService[],
): StackState {
  const described = services.map(({ name, url, logFile }) => [name, { url, metricsUrl: `${url}/metrics`, logFile }]);
  return {
    dataDir: data.path,
    launcherPid: process.pid,
    startedAt: new Date().toISOString(),
    dev: config.dev,
    httpUrl: urlOf(config.host, config.httpPort),
    verifierUrl: urlOf(config.host, config.verifierPort),
    natsUrl: nats.url,
    embedded: { nats: nats.supervised !== undefined, postgres: postgres.supervised !== undefined },
    postgres: placeOf(postgres.url),
    issuer: config.issuer,
    audience: config.audience,
    services: Object.fromEntries(described) as StackState['services'],
    secretsFile: data.secretsFile,
    natsAccountKeysFile: nats.supervised ? data.natsAccountKeys : null,
    natsCredsDir: (nats.supervised ? data.natsCreds : config.natsCredsDir) ?? null,
  };
}
