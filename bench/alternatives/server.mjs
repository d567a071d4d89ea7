/**
 * Run by `alternatives.ts`: what a team would build or pick in Tollgate's place, each as a Fastify route that does the least
 * it can: digest the secret, look it up, answer. Arguments: Postgres URL, Redis URL or '-', keys for the plugin to make.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fastify as createServer } from 'fastify';
import pg from 'pg';
import { createClient } from 'redis';

const [databaseUrl, redisUrl, keys] = process.argv.slice(2);
const connections = 16;

const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
const redis = redisUrl === '-' ? null : await createClient({ url: redisUrl }).connect();

const secret = randomBytes(32).toString('hex');
const options = {
  baseURL: 'http://127.0.0.1',
  secret,
  database: new pg.Pool({ connectionString: databaseUrl, max: connections, options: '-c search_path=better_auth' }),
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [apiKey({ rateLimit: { enabled: false }, defaultPrefix: 'sk_live_', enableMetadata: true })],
};
await pool.query('CREATE SCHEMA better_auth');
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);
const { adapter, internalAdapter, authCookies } = await auth.$context;
const now = new Date();
const user = await adapter.create({
  model: 'user',
  data: { name: 'n8n', email: 'n8n@example.com', emailVerified: true, createdAt: now, updatedAt: now },
});
const { token } = await internalAdapter.createSession(user.id);
const signature = createHmac('sha256', secret).update(token).digest('base64');
const cookie = `${authCookies.sessionToken.name}=${encodeURIComponent(`${token}.${signature}`)}`;
const create = (name) => auth.api.createApiKey({ body: { name, userId: user.id } });

const fastify = createServer();
const digest = ({ body }) => hash('sha256', body.token, 'hex');
fastify.post('/postgres', async (request) => {
  const query = {
    name: 'verify',
    text: 'SELECT decision FROM bench.tokens WHERE digest = $1',
    values: [digest(request)],
  };
  const { rows } = await pool.query(query);
  if (!rows[0]) throw new Error('no such token');
  return rows[0].decision;
});
fastify.post('/redis', async (request, reply) => {
  const decision = await redis.get(digest(request));
  if (decision === null) throw new Error('no such token');
  return reply.type('application/json; charset=utf-8').send(decision);
});
fastify.post('/better-auth', async ({ body }) => {
  const answer = await auth.api.verifyApiKey({ body: { key: body.token } });
  if (!answer.valid) throw new Error(JSON.stringify(answer.error));
  return answer;
});
fastify.post('/better-auth/create-trusting', async ({ body }, reply) => reply.code(201).send(await create(body.name)));
fastify.post('/better-auth/create', async ({ body: { name }, headers }, reply) => {
  const own = await auth.api.createApiKey({ body: { name }, headers: new Headers({ cookie: headers.cookie }) });
  return reply.code(201).send(own);
});
fastify.post('/redis/load', { bodyLimit: 2 ** 26 }, async ({ body }) => {
  for (const { digest: key, decision } of body) redis.set(key, decision);
  await redis.ping();
  return {};
});

const secrets = [];
for (let n = 0; n < Number(keys); n += connections) {
  const made = await Promise.all(Array.from({ length: connections }, (_, k) => create(`key ${n + k}`)));
  secrets.push(...made.map(({ key }) => key));
}
// Whoever started it has ended.
process.once('disconnect', () => process.exit());
await fastify.listen({ host: '127.0.0.1', port: 0 });
process.send({ url: `http://127.0.0.1:${fastify.server.address().port}`, secrets, cookie });
