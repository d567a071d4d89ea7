import type { Bus } from '@tollgate/bus';
import type { JwtVerifier } from '@tollgate/identity';
import { BUS, JWT_VERIFIER, type ServiceDefinition } from '@tollgate/runtime';
import { serveOnBus } from './adapters/bus.ts';
import { serveForwarded } from './adapters/forwarded.ts';
import { serveForwardAuth } from './adapters/forward-auth.ts';
import { serveIntrospection } from './adapters/introspect.ts';
import { serveOverHttp, verifyRouteAtOnce } from './adapters/http.ts';
import { KnownCallers } from './adapters/known-callers.ts';
import { serveWhoAmI } from './adapters/whoami.ts';
import { VerifyCalls } from './application/verify-calls.ts';
import { AuthVerifierModule } from './auth-verifier.module.ts';

/** Verifications are answered below Nest's pipeline, over HTTP and on the bus, by the same function. */
export const authVerifier: ServiceDefinition = {
  name: 'auth-verifier',
  module: AuthVerifierModule,
  direct: (strategy, app) => serveOnBus(strategy, app.get(VerifyCalls)),
  http: (fastify, app) => {
    const calls = app.get(VerifyCalls);
    const jwts = app.get<JwtVerifier>(JWT_VERIFIER);
    serveOverHttp(fastify, calls, jwts, app.get(KnownCallers));
    serveIntrospection(fastify, calls, jwts);
    serveForwardAuth(fastify, calls);
    serveWhoAmI(fastify, calls);
    serveForwarded(fastify, app.get<Bus>(BUS), jwts);
  },
  atOnce: (app) => verifyRouteAtOnce(app.get(VerifyCalls), app.get(KnownCallers)),
};
