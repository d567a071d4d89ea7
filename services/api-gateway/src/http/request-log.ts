import type { FastifyInstance } from '@tollgate/runtime';
import { type Logger, maskSecrets } from '@tollgate/telemetry';

/** Asked all the time, by machines. */
const quiet = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * One log line per request, and its id in `X-Request-Id`. The line has the route, not the path, and the names of query
 * parameters, not their values: what clients put there by mistake stays out of the logs.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    if (!quiet.has(route)) {
      logger.info(
        {
          requestId: request.id,
          method: request.method,
          route,
          query: Object.keys((request.query ?? {}) as object).map(shownName),
          status: reply.statusCode,
          durationMs: Math.round(reply.elapsedTime * 10) / 10,
        },
        'request',
      );
    }
    done();
  });
}

/** Masked before it is cut: half a secret would not be known as one. */
const shownName = (name: string) => maskSecrets(name).slice(0, 50);
