/** Run by `http.ts`: a Fastify route that parses a JSON body and answers the same bytes each time. Argument: the bytes. */
import { fastify as createServer } from 'fastify';

const [, , answer] = process.argv as [string, string, string];
const fastify = createServer();
fastify.post('/v1/verify', async (request, reply) => {
  if (typeof (request.body as { token?: unknown }).token !== 'string') throw new Error('no token');
  return reply.type('application/json; charset=utf-8').send(answer);
});
await fastify.listen({ host: '127.0.0.1', port: 0 });
const { port } = fastify.server.address() as { port: number };
process.once('disconnect', () => process.exit());
process.send!(`http://127.0.0.1:${port}`);
