import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TollgateError } from '@tollgate/contracts';
import { adoptTrace, createDurationHistogram, metricsHandler, nameHttpRoute, withRequest } from '@tollgate/telemetry';
import type { FastifyInstance } from 'fastify';
import type { HealthRegistry } from '../health.ts';
import { answerAtOnce, type AtOnceRoute } from './at-once.ts';
import { installProblemReplies, problemServerOptions, sendProblem } from './problem-replies.ts';

const duration = createDurationHistogram(
  'tollgate_http_request_duration_seconds',
  'Time from the arrival of an HTTP request to its answer',
);
const seriesOf = (method: string, route: string, status: number) => duration.series({ method, route, status });

/** Nest's Fastify adapter with our answers for what goes wrong, in place of Nest's. */
export class ProblemFastifyAdapter extends FastifyAdapter {
  constructor() {
    super({ ...problemServerOptions, skipMiddie: true });
    installProblemReplies(this.fastify);
  }

  get fastify(): FastifyInstance {
    return this.getInstance() as unknown as FastifyInstance;
  }

  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.getInstance() as ReturnType<FastifyAdapter['setErrorHandler']>;
  }

  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance() as ReturnType<FastifyAdapter['setNotFoundHandler']>;
  }
}

/**
 * What every service's HTTP server has: `/healthz`, `/readyz`, `/metrics`, the request's id and trace in all that its
 * handlers log and call, a duration metric per route, and a refusal for requests that arrive during the shutdown.
 */
export function installBasics(fastify: FastifyInstance, health: HealthRegistry, isStopping: () => boolean): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (isStopping()) {
      return void sendProblem(
        reply,
        new TollgateError('SERVICE_UNAVAILABLE', 'This process is shutting down. Try again.'),
        request.id,
      );
    }
    withRequest(request.id, () =>
      adoptTrace(request.headers, () => {
        nameHttpRoute(request.routeOptions.url ?? 'unknown');
        done();
      }),
    );
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // A connection that stays open after its last answer would hold up the end of the process.
    if (isStopping()) void reply.header('connection', 'close');
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seriesOf(request.method, route, reply.statusCode).record(reply.elapsedTime);
    done();
  });
  fastify.get('/healthz', () => ({ status: 'alive' }));
  fastify.get('/readyz', async (_request, reply) => {
    const { ready, reasons, warnings } = await health.readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'unavailable', reasons, warnings });
  });
  fastify.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsHandler()),
  );
}

/** Puts a route before Fastify, once that has its own. */
export function installAtOnce(fastify: FastifyInstance, route: AtOnceRoute, isStopping: () => boolean): void {
  answerAtOnce(fastify.server, route, { isStopping, answered: seriesOf(route.method, route.path, 200) });
}
