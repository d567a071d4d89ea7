import { Module, type INestApplicationContext } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import type { JwtVerifier } from '@tollgate/identity';
import {
  BUS,
  CONFIGURATION,
  HEALTH,
  JWT_VERIFIER,
  type Configuration,
  type FastifyInstance,
  type HealthRegistry,
} from '@tollgate/runtime';
import { createLogger } from '@tollgate/telemetry';
import { mountDevelopmentIssuer } from './development-issuer.ts';
import { mountDocs } from './docs/docs.ts';
import { trustedProxiesOf } from './http/client-address.ts';
import { controlOperations, mountOperations } from './http/operations.ts';
import { logRequests } from './http/request-log.ts';
import { openApiDocument } from './openapi/document.ts';
import { checkServices } from './readiness.ts';

/** The gateway serves no operation of its own: everything it has is HTTP, added by `mountGateway`. */
@Module({})
class GatewayModule {}

const timeoutMs = 10_000;

/** Adds all routes of the control plane's door to the HTTP server. */
async function mountGateway(fastify: FastifyInstance, app: INestApplicationContext): Promise<void> {
  const { development, dataDir, oidcIssuer } = app.get<Configuration>(CONFIGURATION);
  const bus = app.get<Bus>(BUS);
  const verifierUrl =
    process.env['TOLLGATE_VERIFIER_URL'] ?? `http://127.0.0.1:${process.env['TOLLGATE_VERIFIER_PORT'] ?? '8081'}`;
  logRequests(fastify, createLogger('http'));
  mountOperations(fastify, {
    bus,
    verifier: app.get<JwtVerifier>(JWT_VERIFIER),
    development,
    trustedProxies: trustedProxiesOf(process.env['TOLLGATE_TRUST_PROXY']),
    timeoutMs,
  });
  mountDocs(fastify, openApiDocument({ verifierUrl, development }));
  if (development) await mountDevelopmentIssuer(fastify, dataDir, oidcIssuer);
  checkServices(app.get<HealthRegistry>(HEALTH), bus, controlOperations(development));
}

/** The service as `runService` and the tests start it. */
export const apiGateway = { name: 'api-gateway', module: GatewayModule, http: mountGateway } as const;
