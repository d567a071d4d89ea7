import { connectBus, type Bus } from '@tollgate/bus';
import {
  subjectOf,
  toProblem,
  type AnyOperation,
  type InputOf,
  type OutputOf,
  type RequestOf,
  type ServiceName,
} from '@tollgate/contracts';
import type { DatabaseService } from '@tollgate/event-log';
import { startDatabase, type TestDatabase } from '@tollgate/event-log/testing';
import type { DevelopmentJwtClaims } from '@tollgate/identity';
import { startNats, type TestNats } from '@tollgate/stack';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headers as createHeaders } from '@nats-io/transport-node';
import { startService, type RunningService, type ServiceDefinition } from '../service.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';
import { TestLog } from './log.ts';

/** Real Postgres, real NATS and an issuer of JWTs, on which services run in this process. */
export interface Stage {
  readonly db: TestDatabase;
  readonly nats: TestNats;
  readonly issuer: TestIssuer;
  /** Nothing is published before its relay is started. */
  readonly log: TestLog;
  /** Runs a service with its own NATS user and Postgres role; `stop` of the stage stops it. */
  run(definition: ServiceDefinition): Promise<RunningService>;
  /** A connection with just that service's permissions. */
  busOf(service: ServiceName): Promise<Bus>;
  /** Answers an operation in the place of the service that owns it. */
  standIn<Op extends AnyOperation>(operation: Op, answer: (input: InputOf<Op>) => OutputOf<Op>): Promise<void>;
  /** Calls an operation as the service with its HTTP door does, with a JWT of these claims. */
  call<Op extends AnyOperation>(op: Op, input: RequestOf<Op>, claims: DevelopmentJwtClaims): Promise<OutputOf<Op>>;
  stop(): Promise<void>;
}

/** Takes about a second: once per suite, in `beforeAll`; `stop()` in `afterAll`. */
export async function startStage(): Promise<Stage> {
  const [db, nats, issuer, dataDir] = await Promise.all([
    startDatabase(),
    startNats(),
    startIssuer(),
    mkdtemp(join(tmpdir(), 'tollgate-test-stage-')),
  ]);
  const services: RunningService[] = [];
  const buses = new Map<ServiceName, Promise<Bus>>();
  const busOf = (service: ServiceName): Promise<Bus> => {
    const connect = async () => connectBus({ service, url: nats.url, credsFile: await nats.credsFor(service) });
    if (!buses.has(service)) buses.set(service, connect());
    return buses.get(service) as Promise<Bus>;
  };

  const log = new TestLog(db, () => busOf('token-command'));

  return {
    db,
    nats,
    issuer,
    log,
    busOf,
    async run(definition) {
      const service = await startService(definition, {
        TOLLGATE_SERVICE_PORT: '0',
        TOLLGATE_NATS_URL: nats.url,
        TOLLGATE_NATS_CREDS: await nats.credsFor(definition.name),
        TOLLGATE_DATABASE_URL: definition.database ? db.url(definition.name as DatabaseService) : undefined,
        TOLLGATE_OIDC_ISSUER: issuer.issuer,
        TOLLGATE_OIDC_AUDIENCE: issuer.audience,
        TOLLGATE_DEV: '1',
        TOLLGATE_DATA_DIR: dataDir,
      });
      services.push(service);
      return service;
    },
    async standIn(operation, answer) {
      const bus = await busOf(operation.service);
      bus.subscribe(subjectOf(operation), (message) => {
        try {
          message.respond(JSON.stringify(answer(operation.input.parse(message.json()) as InputOf<typeof operation>)));
        } catch (error) {
          const problem = toProblem(error);
          const headers = createHeaders();
          headers.set('Nats-Service-Error-Code', String(problem.status));
          message.respond(JSON.stringify(problem), { headers });
        }
      });
      await bus.nc.flush();
    },
    async call(operation, input, claims) {
      const door = await busOf(operation.http?.door === 'data' ? 'auth-verifier' : 'api-gateway');
      return door.call(operation, input, { authorization: await issuer.authorization(claims) });
    },
    async stop() {
      await Promise.all(services.map((service) => service.stop()));
      await log.close();
      await Promise.all([...buses.values()].map(async (bus) => (await bus).close()));
      await Promise.all([db.stop(), nats.stop(), issuer.stop(), rm(dataDir, { recursive: true, force: true })]);
    },
  };
}
