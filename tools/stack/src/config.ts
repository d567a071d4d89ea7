import { resolve } from 'node:path';
import { dataDirectory } from '@tollgate/contracts';
import { StartError } from './files.ts';

/** What the environment asks for. Absent ports are chosen by the launcher and kept in the data directory. */
export interface StackConfig {
  dataDir: string;
  /** Where the public HTTP servers listen. */
  host: string;
  httpPort: number;
  verifierPort: number;
  natsPort: number | undefined;
  postgresPort: number | undefined;
  /** An outside NATS server, and the directory with `<service>.creds` for it. */
  natsUrl: string | undefined;
  natsCredsDir: string | undefined;
  /** An outside Postgres, as an administrator who may make roles and schemas. */
  databaseUrl: string | undefined;
  dev: boolean;
  issuer: string;
  audience: string;
  /** The environment that services inherit. */
  env: NodeJS.ProcessEnv;
}

/** Reads the variables of the public contract. Throws StartError with the variable's name for one that makes no sense. */
export function readConfig(env: NodeJS.ProcessEnv): StackConfig {
  const production = env['NODE_ENV'] === 'production';
  if (production && env['TOLLGATE_DEV'] === '1') {
    throw new StartError(
      'TOLLGATE_DEV=1 is refused with NODE_ENV=production, because anybody could sign themselves in: unset one of them.',
    );
  }
  const dev = env['TOLLGATE_DEV'] ? env['TOLLGATE_DEV'] === '1' : !production;
  const httpPort = portOf(env, 'TOLLGATE_HTTP_PORT') ?? 8080;
  const verifierPort = portOf(env, 'TOLLGATE_VERIFIER_PORT') ?? 8081;
  if (httpPort === verifierPort) {
    throw new StartError(`TOLLGATE_HTTP_PORT and TOLLGATE_VERIFIER_PORT are both ${httpPort}: set them to two ports.`);
  }
  const issuer = env['TOLLGATE_OIDC_ISSUER'] || (dev ? `http://127.0.0.1:${httpPort}/dev/issuer` : '');
  if (!issuer) {
    throw new StartError('Without TOLLGATE_DEV=1 there is no development issuer: set TOLLGATE_OIDC_ISSUER to yours.');
  }
  return {
    dataDir: resolve(dataDirectory(env)),
    host: env['TOLLGATE_HOST'] || '127.0.0.1',
    httpPort,
    verifierPort,
    natsPort: portOf(env, 'TOLLGATE_NATS_PORT'),
    postgresPort: portOf(env, 'TOLLGATE_POSTGRES_PORT'),
    natsUrl: env['TOLLGATE_NATS_URL'] || undefined,
    natsCredsDir: env['TOLLGATE_NATS_CREDS_DIR'] ? resolve(env['TOLLGATE_NATS_CREDS_DIR']) : undefined,
    databaseUrl: env['TOLLGATE_DATABASE_URL'] || undefined,
    dev,
    issuer,
    audience: env['TOLLGATE_OIDC_AUDIENCE'] || 'tollgate',
    env,
  };
}

function portOf(env: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new StartError(`${variable} is "${text}" and must be a port number from 1 to 65535.`);
  }
  return port;
}
