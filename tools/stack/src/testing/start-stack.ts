import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ServiceName, StackSecrets, StackState } from '@tollgate/contracts';
import { LAYOUT_VERSION } from '../data/data-directory.ts';
import { loadOrCreateSecrets } from '../data/secrets.ts';
import { exists, readText, writeFileAtomic } from '../files.ts';
import { launch, type RunningService } from '../launch.ts';
import { findNatsServer } from '../nats/nats-binary.ts';
import { createOutput } from '../output.ts';
import { freePort } from '../ports.ts';
import { waitUntilReady } from '../services/readiness.ts';
import type { ServiceDefinition } from '../services/service-definitions.ts';
import { spawnService, stopService } from '../services/service-process.ts';
import { Supervised } from '../services/supervisor.ts';
import { testBinaryDirectory } from './start-nats.ts';
import { ensureTemplate, TEST_PASSWORD } from './start-postgres.ts';
import { makeTestDirectory, removeTestDirectory } from './test-directory.ts';

export interface StackOptions {
  /** Added to the environment of the launcher and of the services. */
  env?: Readonly<Record<string, string>>;
  /** A directory to keep the data in, made if need be. Default: a temporary one, deleted by `stop()`. */
  dataDir?: string;
  services?: readonly ServiceDefinition[];
  readyTimeoutMs?: number;
}

/** A process that faults can be inflicted upon. The launcher starts it again whenever it ends, except after `stop()`. */
export interface ProcessHandle {
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** Sends a signal (default SIGKILL) and, if that ends the process, returns when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it and leaves it down, until `start()`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface ServiceHandle extends ProcessHandle {
  readonly name: ServiceName;
  /** Base URL of its HTTP server. */
  readonly url: string;
  /** What it has logged so far. */
  log(): string;
  /** Returns when `/readyz` answers 200. */
  ready(timeoutMs?: number): Promise<void>;
}

export interface TestStack {
  readonly state: StackState;
  readonly secrets: StackSecrets;
  /** The control plane. */
  readonly url: string;
  /** The data plane. */
  readonly verifierUrl: string;
  readonly dataDir: string;
  /** For programs that talk to this stack, such as the CLI. */
  readonly env: NodeJS.ProcessEnv;
  readonly postgres: ProcessHandle;
  readonly nats: ProcessHandle;
  service(name: ServiceName): ServiceHandle;
  /** One more process of a service, on a port of its own, with the same role and credentials. Stopped with the stack. */
  spawn(name: ServiceName, env?: Readonly<Record<string, string>>): Promise<ServiceHandle>;
  /** What the launcher has printed so far. */
  output(): string;
  stop(): Promise<void>;
}

/** The environment of a stack of its own: free ports, the given data directory, nothing of the surrounding TOLLGATE_*. */
export async function testEnvironment(
  dataDir: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<NodeJS.ProcessEnv> {
  await findNatsServer({ directory: testBinaryDirectory });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TOLLGATE_') && name !== 'NODE_ENV',
  );
  const httpPort = await freePort();
  return {
    ...Object.fromEntries(inherited),
    PATH: `${testBinaryDirectory}${delimiter}${process.env['PATH'] ?? ''}`,
    NODE_COMPILE_CACHE: join(testBinaryDirectory, 'compile'),
    TOLLGATE_DEV: '1',
    TOLLGATE_DATA_DIR: dataDir,
    TOLLGATE_HTTP_PORT: String(httpPort),
    TOLLGATE_VERIFIER_PORT: String(await freePort('127.0.0.1', new Set([httpPort]))),
    ...extra,
  };
}

/** Prepares a data directory so that its first start is fast: its Postgres is a copy of an initialised one. */
export async function prepareDataDirectory(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  if (exists(join(dataDir, 'layout-version'))) return;
  execFileSync('cp', ['-a', await ensureTemplate(), join(dataDir, 'postgres')]);
  loadOrCreateSecrets(join(dataDir, 'secrets.json'), TEST_PASSWORD);
  writeFileAtomic(join(dataDir, 'layout-version'), `${LAYOUT_VERSION}\n`);
}

/**
 * The whole stack for one test suite: every service as a process of its own from `dist` (build first), with its own
 * Postgres and NATS on free ports.
 */
export async function startStack(options: StackOptions = {}): Promise<TestStack> {
  const temporary = options.dataDir === undefined ? await makeTestDirectory('stack') : undefined;
  const dataDir = options.dataDir ?? (temporary as string);
  await prepareDataDirectory(dataDir);
  const env = await testEnvironment(dataDir, options.env);
  let printed = '';
  const stack = await launch({
    env,
    output: createOutput((text) => void (printed += text)),
    signal: new AbortController().signal,
    build: false,
    ...(options.services ? { services: options.services } : {}),
    ...(options.readyTimeoutMs ? { readyTimeoutMs: options.readyTimeoutMs } : {}),
  });
  const more: Supervised[] = [];
  const find = (name: ServiceName): RunningService => {
    const service = stack.services.get(name);
    if (!service) throw new Error(`This stack has no ${name}.`);
    return service;
  };
  return {
    state: stack.state,
    secrets: stack.secrets,
    url: stack.state.httpUrl,
    verifierUrl: stack.state.verifierUrl,
    dataDir: stack.state.dataDir,
    env,
    postgres: processHandle(stack.postgres as Supervised),
    nats: processHandle(stack.nats as Supervised),
    service: (name) => serviceHandle(find(name)),
    async spawn(name, extra = {}) {
      const another = await anotherProcess(find(name), extra, more.length + 2);
      more.push(another.supervised);
      await another.supervised.start();
      await serviceHandle(another).ready();
      return serviceHandle(another);
    },
    output: () => printed,
    async stop() {
      await Promise.all(more.map((supervised) => supervised.stop()));
      await stack.stop();
      if (temporary) removeTestDirectory(temporary);
    },
  };
}

async function anotherProcess(
  original: RunningService,
  extra: Readonly<Record<string, string>>,
  number: number,
): Promise<RunningService> {
  const port = await freePort();
  const logFile = original.logFile.replace(/\.log$/, `-${number}.log`);
  const settings = { ...original.settings, port, logFile };
  const env = { ...original.env, TOLLGATE_SERVICE_PORT: String(port), ...extra };
  const supervised = new Supervised({
    name: `${original.name} ${number}`,
    start: () => spawnService(settings, env),
    stop: stopService,
    print: () => undefined,
  });
  return { name: original.name, url: `http://127.0.0.1:${port}`, logFile, settings, env, supervised };
}

function processHandle(supervised: Supervised): ProcessHandle {
  return {
    get pid() {
      return supervised.process?.pid;
    },
    async kill(signal = 'SIGKILL') {
      const process = supervised.process;
      process?.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await process?.exited;
    },
    pause: () => supervised.process?.kill('SIGSTOP'),
    resume: () => supervised.process?.kill('SIGCONT'),
    stop: () => supervised.stop(),
    start: () => supervised.start(),
  };
}

function serviceHandle(service: RunningService): ServiceHandle {
  return Object.assign(processHandle(service.supervised), {
    name: service.name,
    url: service.url,
    log: () => readText(service.logFile) ?? '',
    ready: (timeoutMs = 20_000) => waitUntilReady([service], { timeoutMs, evenIfItEnds: true }),
  });
}
