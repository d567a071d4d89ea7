import { z } from 'zod';

/** What a service reads from its environment, checked. */
export interface Configuration {
  /** Where HTTP is served: health, metrics, and the public door if the service has one. 0 takes a free port. */
  readonly port: number;
  readonly host: string;
  readonly natsUrl: string;
  readonly natsCredsFile: string | undefined;
  /** Set for services with a database. */
  readonly databaseUrl: string | undefined;
  readonly oidcIssuer: string;
  readonly oidcAudience: string;
  /** The development issuer and the development clock are on. */
  readonly development: boolean;
  readonly dataDir: string;
}

const natsServer = z
  .string('is missing: set it to the address of the NATS server, such as nats://127.0.0.1:4222')
  .regex(/^(nats|tls|ws|wss):\/\/./, 'must be the address of a NATS server, such as nats://127.0.0.1:4222');
const webAddress = z
  .string('is missing: set it to the issuer of the JWTs to trust, such as https://login.example.com')
  .regex(/^https?:\/\/./, 'must be the http or https address of an OpenID Connect issuer');
const postgres = z
  .string('is missing: set it to the connection string of this service, postgres://user:password@host:port/database')
  .regex(/^postgres(ql)?:\/\/./, 'must be a connection string of the form postgres://user:password@host:port/database');
const port = z
  .string('is missing: set it to the port for HTTP')
  .regex(/^\d{1,5}$/, 'must be a port between 0 and 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port between 0 and 65535');

const environment = (withDatabase: boolean) =>
  z.object({
    TOLLGATE_SERVICE_PORT: port,
    TOLLGATE_HOST: z.string().min(1, 'must be a host name or address, such as 127.0.0.1').default('127.0.0.1'),
    TOLLGATE_NATS_URL: natsServer,
    TOLLGATE_NATS_CREDS: z.string().min(1, 'must be the path of a .creds file, or be absent').optional(),
    TOLLGATE_DATABASE_URL: withDatabase ? postgres : z.string().optional(),
    TOLLGATE_OIDC_ISSUER: webAddress,
    TOLLGATE_OIDC_AUDIENCE: z.string().min(1, 'must name the audience of the JWTs to trust').default('tollgate'),
    TOLLGATE_DEV: z.enum(['0', '1', ''], 'must be 1, or be absent').default('0'),
    TOLLGATE_DATA_DIR: z.string().min(1, 'must be the path of a directory').default('.tollgate'),
    TOLLGATE_LOG_LEVEL: z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'must be trace, debug, info, warn, error, fatal or silent',
      )
      .default('info'),
  });

/**
 * Reads the environment of a service.
 * @throws Error with one sentence per variable that is wrong; it never quotes a value
 */
export function readConfiguration(env: NodeJS.ProcessEnv, options: { database: boolean }): Configuration {
  const result = environment(options.database).safeParse(env);
  const complaints = result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`);
  if (env['TOLLGATE_DEV'] === '1' && env['NODE_ENV'] === 'production') {
    complaints.push(
      'TOLLGATE_DEV must not be 1 when NODE_ENV is production: the development issuer signs JWTs for everybody who asks.',
    );
  }
  if (!result.success || complaints.length > 0) throw new Error(complaints.join(' '));
  const values = result.data;
  return {
    port: values.TOLLGATE_SERVICE_PORT,
    host: values.TOLLGATE_HOST,
    natsUrl: values.TOLLGATE_NATS_URL,
    natsCredsFile: values.TOLLGATE_NATS_CREDS,
    databaseUrl: values.TOLLGATE_DATABASE_URL,
    oidcIssuer: values.TOLLGATE_OIDC_ISSUER,
    oidcAudience: values.TOLLGATE_OIDC_AUDIENCE,
    development: values.TOLLGATE_DEV === '1',
    dataDir: values.TOLLGATE_DATA_DIR,
  };
}
