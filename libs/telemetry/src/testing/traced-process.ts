// Imported before telemetry starts, as the libraries of a service are.
import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createLogger, injectTrace, nameHttpRoute, startTelemetry, stopTelemetry, withSpan } from '../index.ts';

startTelemetry('traced');
const logger = createLogger('test');
const pool = new pg.Pool({ connectionString: process.env['TEST_DATABASE_URL'], max: 1 });
// Outside of any request: must not become a trace of its own.
await pool.query('select 1');

const server = fastify();
server.addHook('onRequest', (request, _reply, done) => {
  nameHttpRoute(request.routeOptions.url ?? '');
  done();
});
server.post('/things/:id', async (request) => {
  const secret = request.headers.authorization ?? '';
  await pool.query('select $1::text', [secret]);
  await pool.query(`select '${secret}' from nowhere`).catch(() => undefined);
  await withSpan('inner', async (span) => {
    span.setAttribute('careless', secret);
    throw new Error(`refused ${secret}`);
  }).catch((error: unknown) => logger.error({ err: error }, 'as expected'));
  const carrier: Record<string, unknown> = {};
  injectTrace(carrier);
  return carrier;
});
await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: (server.server.address() as AddressInfo).port });

process.on('message', () => {
  void stopTelemetry().then(() => process.exit(0));
});
