import { expect, it } from '@jest/globals';
import { createLogger, type Logger } from '@tollgate/telemetry';
import { fastify } from 'fastify';
import type { FastifyInstance } from '@tollgate/runtime';
import { logRequests } from './request-log.ts';

it('logs one line per request, with its route and the names of its query, and nothing else that a client sent', async () => {
  process.env['TOLLGATE_LOG_LEVEL'] = 'info';
  const lines: string[] = [];
  const written = Promise.withResolvers<void>();
  const logger: Logger = createLogger('http', {
    write: (line) => {
      lines.push(line);
      written.resolve();
    },
  });
  const server = fastify({ genReqId: () => 'r1' }) as unknown as FastifyInstance;
  logRequests(server, logger);
  server.get('/healthz', () => 'alive');
  server.post('/v1/orgs/:org', () => ({}));
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  try {
    await fetch(`${url}/healthz`);
    const response = await fetch(`${url}/v1/orgs/canary-path?at=canary-query`, {
      method: 'POST',
      body: '{"name":"canary-body"}',
      headers: { 'content-type': 'application/json', 'user-agent': 'canary-agent' },
    });
    expect(response.headers.get('x-request-id')).toBe('r1');
    await written.promise;
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      msg: 'request',
      method: 'POST',
      route: '/v1/orgs/:org',
      query: ['at'],
      status: 200,
      requestId: 'r1',
      durationMs: expect.any(Number),
    });
    expect(lines[0]).not.toContain('canary');
  } finally {
    await server.close();
  }
});
