import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from './operation.ts';

/** Where a running (or last run) stack can be reached. The launcher writes it (mode 0600); the CLI reads it. */
export interface StackState {
  dataDir: string;
  /** The launcher's process, and when it became ready (RFC 3339). Says nothing about whether it still runs. */
  launcherPid: number;
  startedAt: string;
  /** `TOLLGATE_DEV=1`: development issuer and development clock are on. */
  dev: boolean;
  /** The control plane. */
  httpUrl: string;
  /** The data plane. */
  verifierUrl: string;
  /** As it was given, which may include a password if it is an outside server's. */
  natsUrl: string;
  /** False if `TOLLGATE_NATS_URL` or `TOLLGATE_DATABASE_URL` named a server that is not the stack's own. */
  embedded: { nats: boolean; postgres: boolean };
  /** `host:port/database`, without user and password: those are in `secretsFile`. */
  postgres: string;
  issuer: string;
  audience: string;
  /** Base URL of each service's health and metrics: `/healthz`, `/readyz`, `/metrics`. */
  services: Record<ServiceName, { url: string; metricsUrl: string; logFile: string }>;
  /** Mode 0600: a `StackSecrets` document. */
  secretsFile: string;
  /** Mode 0600: the account's public key and signing seed for making NATS users. Null with an outside NATS server. */
  natsAccountKeysFile: string | null;
  /** The directory with one `.creds` file per service. Null if the NATS server wants none. */
  natsCredsDir: string | null;
}

/** What only the owner of the data directory may read. */
export interface StackSecrets {
  /** The administrator's connection string: the embedded superuser's, or `TOLLGATE_DATABASE_URL`. */
  databaseAdminUrl: string;
  /** One connection string per service that has a Postgres role. */
  databaseUrls: Partial<Record<ServiceName, string>>;
}

/** The data directory that a command means: `TOLLGATE_DATA_DIR`, else `.tollgate` in the current directory. */
export function dataDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env['TOLLGATE_DATA_DIR'] || '.tollgate';
}

/** The state of the stack of that data directory, or undefined if none was ever started there. */
export function readStackState(dataDir: string = dataDirectory()): StackState | undefined {
  return readDocument<StackState>(join(dataDir, 'stack.json'));
}

/** The stack's secrets, or undefined if there are none. Throws EACCES for whoever may not read them. */
export function readStackSecrets(state: Pick<StackState, 'secretsFile'>): StackSecrets | undefined {
  return readDocument<StackSecrets>(state.secretsFile);
}

function readDocument<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
