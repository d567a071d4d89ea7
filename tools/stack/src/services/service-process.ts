import { join } from 'node:path';
import type { StackConfig } from '../config.ts';
import { spawnServer, stopServer, type Exit, type ServerProcess } from '../processes.ts';
import type { ServiceDefinition } from './service-definitions.ts';

/** What one service process needs to know. */
export interface ServiceSettings {
  definition: ServiceDefinition;
  port: number;
  host: string;
  natsUrl: string;
  /** Absent: the NATS server wants no credentials. */
  credsFile: string | undefined;
  /** Absent: the service has no Postgres. */
  databaseUrl: string | undefined;
  logFile: string;
}

/** The environment of a service: the user's own, and what the launcher knows better. */
export function serviceEnvironment(config: StackConfig, dataDir: string, settings: ServiceSettings): NodeJS.ProcessEnv {
  const {
    TOLLGATE_DATABASE_URL: _administrators,
    TOLLGATE_NATS_CREDS: _outside,
    TOLLGATE_AUDIT_KEY_FILE: auditKeyFile,
    TOLLGATE_MASTER_KEY: masterKey,
    ...inherited
  } = config.env;
  return {
    ...inherited,
    TOLLGATE_SERVICE_PORT: String(settings.port),
    TOLLGATE_HOST: settings.host,
    TOLLGATE_NATS_URL: settings.natsUrl,
    ...(settings.credsFile ? { TOLLGATE_NATS_CREDS: settings.credsFile } : {}),
    // Only the process that signs learns where the key lies.
    ...(settings.definition.name === 'audit-projector'
      ? { TOLLGATE_AUDIT_KEY_FILE: auditKeyFile || join(dataDir, 'audit', 'checkpoint-key.pem') }
      : {}),
    // Only the process that wraps with it learns it.
    ...(settings.definition.name === 'token-command' && masterKey ? { TOLLGATE_MASTER_KEY: masterKey } : {}),
    ...(settings.databaseUrl ? { TOLLGATE_DATABASE_URL: settings.databaseUrl } : {}),
    TOLLGATE_OIDC_ISSUER: config.issuer,
    TOLLGATE_OIDC_AUDIENCE: config.audience,
    TOLLGATE_DEV: config.dev ? '1' : '0',
    TOLLGATE_DATA_DIR: dataDir,
  };
}

/**
 * Room for what lives only as long as a request: with the default of 16 MB, copying it about is a tenth of the work under load.
 * The image starts services with the same ones.
 */
const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=32'];

/** Starts a service. The IPC channel carries nothing: the service ends when it closes, which it does if the launcher dies. */
export function spawnService(settings: ServiceSettings, env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const args = [...nodeFlags, settings.definition.main];
  return spawnServer({ command: process.execPath, args, env, logFile: settings.logFile, ipc: true });
}

/** SIGTERM lets it finish what it has begun and give its lease back; after 5 s it is killed. */
export function stopService(process: ServerProcess): Promise<Exit> {
  return stopServer(process, [
    ['SIGTERM', 5_000],
    ['SIGKILL', 2_000],
  ]);
}
