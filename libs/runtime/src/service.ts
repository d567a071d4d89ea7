import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { busPrincipalResolver, connectBus, NatsServiceStrategy, type Bus } from '@tollgate/bus';
import { operationsOf, type AnyOperation, type ServiceName } from '@tollgate/contracts';
import { createPool, type Pool } from '@tollgate/event-log';
import { createJwtVerifier, type JwtVerifier, type PrincipalResolver } from '@tollgate/identity';
import { createLogger, startTelemetry } from '@tollgate/telemetry';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { readConfiguration, type Configuration } from './configuration.ts';
import { cached, HealthRegistry } from './health.ts';
import type { AtOnceRoute } from './http/at-once.ts';
import { installAtOnce, installBasics, ProblemFastifyAdapter } from './http/server.ts';
import { nestLogger } from './nest-logger.ts';
import { BUS, CONFIGURATION, HEALTH, JWT_VERIFIER, POOL, PRINCIPAL_RESOLVER } from './tokens.ts';

export interface ServiceDefinition {
  readonly name: ServiceName;
  /** Has the service's controllers (`operationsController(name)`) and handlers. */
  readonly module: Type | DynamicModule;
  /** Provides `POOL` from `TOLLGATE_DATABASE_URL`. */
  readonly database?: boolean;
  /** Adds routes to the HTTP server, before it listens. Providers are there: `app.get(BUS)`. */
  readonly http?: (fastify: FastifyInstance, app: INestApplicationContext) => void | Promise<void>;
  /** A hot path over HTTP, for most requests of one of these routes: answered before Fastify is asked. */
  readonly atOnce?: (app: INestApplicationContext) => AtOnceRoute;
  /** Registers operations that are answered below Nest's pipeline. */
  readonly direct?: (strategy: NatsServiceStrategy, app: INestApplicationContext) => void;
  /** By default all operations of the service; those for development only while `TOLLGATE_DEV=1`. */
  readonly operations?: readonly AnyOperation[];
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly bus: Bus;
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Takes no more requests, finishes those in flight (up to 3 s), then stops everything. May be called twice. */
  stop(): Promise<void>;
}

const inFlightMs = 3000;

class ServiceModule {}
Module({})(ServiceModule);

/** Starts a service: configuration, bus, database, Nest, transports, HTTP, in that order. See `runService` for processes. */
export async function startService(
  definition: ServiceDefinition,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningService> {
  startTelemetry(definition.name);
  const configuration = readConfiguration(env, { database: definition.database ?? false });
  const health = new HealthRegistry();
  const bus = await connectBus({
    service: definition.name,
    url: configuration.natsUrl,
    credsFile: configuration.natsCredsFile,
  });
  const pool =
    configuration.databaseUrl && definition.database
      ? createPool(configuration.databaseUrl, { name: definition.name })
      : undefined;
  try {
    return await assemble(definition, { configuration, health, bus, pool });
  } catch (error) {
    await Promise.all([pool?.end(), bus.close()]);
    throw error;
  }
}

interface Parts {
  readonly configuration: Configuration;
  readonly health: HealthRegistry;
  readonly bus: Bus;
  readonly pool: Pool | undefined;
}

async function assemble(definition: ServiceDefinition, parts: Parts): Promise<RunningService> {
  const { configuration, health, bus, pool } = parts;
  const verifier = createJwtVerifier({ issuer: configuration.oidcIssuer, audience: configuration.oidcAudience });
  health.check('bus', () => bus.problem());
  if (pool)
    health.check(
      'database',
      cached(() => askPool(pool), 500),
    );

  const adapter = new ProblemFastifyAdapter();
  let stopping = false;
  installBasics(adapter.fastify, health, () => stopping);
  const root = rootModule(definition, parts, verifier);
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLogger,
    bodyParser: false,
    abortOnError: false,
  });
  const strategy = new NatsServiceStrategy({
    bus,
    verifier,
    operations: definition.operations ?? operationsOf(definition.name, { development: configuration.development }),
    resolver: resolverOf(app, bus),
    checkAnswers: configuration.development,
  });
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  definition.direct?.(strategy, app);
  await definition.http?.(adapter.fastify, app);
  if (definition.atOnce) installAtOnce(adapter.fastify, definition.atOnce(app), () => stopping);
  await app.init();
  await app.startAllMicroservices();
  await app.listen(configuration.port, configuration.host);
  const { port } = app.getHttpServer().address() as AddressInfo;

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping = true;
    health.check('process', () => 'is shutting down');
    await Promise.all([strategy.close(), within(inFlightMs, adapter.fastify.close())]);
    adapter.fastify.server.closeAllConnections();
    await app.close();
    if (pool) await within(1000, pool.end());
    await bus.close();
  };
  return { app, bus, url: `http://${configuration.host}:${port}`, stop: () => (stopped ??= stop()) };
}

function rootModule(definition: ServiceDefinition, parts: Parts, verifier: JwtVerifier): DynamicModule {
  const providers = [
    { provide: CONFIGURATION, useValue: parts.configuration },
    { provide: HEALTH, useValue: parts.health },
    { provide: BUS, useValue: parts.bus },
    { provide: JWT_VERIFIER, useValue: verifier },
    ...(parts.pool ? [{ provide: POOL, useValue: parts.pool }] : []),
  ];
  return {
    module: ServiceModule,
    global: true,
    imports: [CqrsModule.forRoot(), definition.module],
    providers,
    exports: providers,
  };
}

function resolverOf(app: INestApplicationContext, bus: Bus): PrincipalResolver {
  // Nest logs an error when it is asked for a provider that isn't there.
  const modules = [...app.get(ModulesContainer, { strict: false }).values()];
  if (!modules.some((module) => module.providers.has(PRINCIPAL_RESOLVER))) return busPrincipalResolver(bus);
  return app.get<PrincipalResolver>(PRINCIPAL_RESOLVER, { strict: false });
}

async function askPool(pool: Pool): Promise<string | null> {
  try {
    await pool.query('select 1');
    return null;
  } catch (error) {
    createLogger('health').warn({ err: error }, 'the database does not answer');
    return 'Postgres cannot be reached';
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), tooLate]);
  clearTimeout(timer);
}
