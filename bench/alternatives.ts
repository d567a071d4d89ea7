import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { digestSecret } from '@tollgate/credential';
import { HttpClient } from './http-client.ts';
import { closedLoop, inTurn, type Load } from './load.ts';
import { secretOf } from './population.ts';
import { startRedis } from './redis-server.ts';
import { count, milliseconds, times, type Row, type Section } from './report.ts';
import { sampleAnswer, settle, verifyBodies, verifyBody, type Stage } from './stage.ts';

const inFlight = 64;
const directory = fileURLToPath(new URL('alternatives', import.meta.url));

/** The servers of `alternatives/`, beside the stack and on its Postgres. */
export interface Alternatives {
  readonly url: string;
  /** Keys that the plugin has made. */
  readonly secrets: readonly string[];
  /** Of a session of the user to whom they belong. */
  readonly cookie: string;
  readonly redis: boolean;
  stop(): void;
}

/** Installs what is compared with, once: it is in nobody's way who does not run the benchmarks. */
export async function startAlternatives(stage: Stage, tokens: number): Promise<Alternatives> {
  if (!existsSync(`${directory}/node_modules`)) {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: directory });
  }
  const redis = await startRedis();
  const databaseUrl = stage.stack.secrets.databaseAdminUrl;
  const { url, secrets, cookie } = (await stage.run(
    'alternatives/server.mjs',
    databaseUrl,
    redis?.url ?? '-',
    '2000',
  )) as {
    url: string;
    secrets: string[];
    cookie: string;
  };
  const decision = (await sampleAnswer(stage, verifyBody(0))).toString();
  await fillPostgres(stage, tokens, decision);
  if (redis) await fillRedis(url, tokens, decision);
  return { url, secrets, cookie, redis: redis !== null, stop: () => redis?.stop() };
}

async function fillPostgres({ admin }: Stage, tokens: number, decision: string): Promise<void> {
  await admin.query(
    'CREATE SCHEMA bench; CREATE TABLE bench.tokens (digest text PRIMARY KEY, decision jsonb NOT NULL)',
  );
  for (const digests of digestsInParts(tokens)) {
    await admin.query('INSERT INTO bench.tokens SELECT unnest($1::text[]), $2::jsonb', [digests, decision]);
  }
  await admin.query('VACUUM ANALYZE bench.tokens');
}

async function fillRedis(url: string, tokens: number, decision: string): Promise<void> {
  for (const digests of digestsInParts(tokens)) {
    const body = JSON.stringify(digests.map((digest) => ({ digest, decision })));
    await fetch(`${url}/redis/load`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  }
}

function* digestsInParts(tokens: number): Iterable<string[]> {
  const part = 20_000;
  for (let from = 0; from < tokens; from += part) {
    yield Array.from({ length: Math.min(part, tokens - from) }, (_, n) => digestSecret(secretOf(from + n)));
  }
}

/** A verification over HTTP against what a team would build or pick instead. */
export async function benchAlternatives(
  stage: Stage,
  { url, secrets, redis }: Alternatives,
  tokens: number,
  quick: boolean,
): Promise<Section> {
  const durationMs = quick ? 1_000 : 4_000;
  const rounds = quick ? 1 : 3;
  const bodies = verifyBodies(20_000, tokens);
  const keys = secrets.map((token) => Buffer.from(JSON.stringify({ token })));
  const authorization = `Bearer ${await stage.callers.jwt({ sub: 'bench', scope: 'tokens:verify' })}`;
  const candidates = [
    { what: 'Tollgate', client: new HttpClient(stage.stack.verifierUrl, inFlight), path: '/v1/verify', bodies },
    { what: 'Postgres: primary-key read', client: new HttpClient(url, inFlight), path: '/postgres', bodies },
    ...(redis ? [{ what: 'Redis: GET', client: new HttpClient(url, inFlight), path: '/redis', bodies }] : []),
    { what: 'better-auth: API-key plugin', client: new HttpClient(url, inFlight), path: '/better-auth', bodies: keys },
  ];
  const loads = candidates.map(({ client, path, bodies: list }) => {
    const requests = list.map((body) => client.post(path, body, { authorization }));
    return (ms: number) => closedLoop(inFlight, ms, (n, done) => client.send(requests[n % requests.length]!, done));
  });
  for (const load of loads) await load(quick ? 500 : 1_000);
  await settle();
  const results = await inTurn(rounds, ...loads.map((load) => () => load(durationMs)));
  for (const { client } of candidates) client.close();
  const [tollgate] = results as [Load];
  const rows = candidates.map(({ what }, index): Row => {
    const { perSecond, p50Ms, p99Ms } = results[index] as Load;
    const ratio = tollgate.perSecond / perSecond;
    const figures = [
      `${count(perSecond)}/s`,
      milliseconds(p50Ms),
      milliseconds(p99Ms),
      index === 0 ? '' : times(ratio),
    ];
    const least = what.startsWith('better-auth') ? 20 : 1;
    if (index === 0) return { what, figures };
    return { what, figures, goal: least === 1 ? '> 1 ×' : `≥ ${least} ×`, reached: ratio >= least };
  });
  return {
    title: 'Verify against what one would build or pick instead',
    method: `All over HTTP from one client process, ${inFlight} connections with one request under way on each, ${count(tokens)} tokens (${count(secrets.length)} keys for the plugin). The others are Fastify routes in one process that digest the secret, look it up with 16 connections to the stack's Postgres or one to Redis on this machine, and answer the same bytes; the plugin answers what it answers, without its rate limits. They take turns, ${rounds} rounds of ${durationMs / 1000} s each, median.`,
    columns: ['verifications', 'p50', 'p99', 'Tollgate is'],
    rows,
    ...(redis
      ? {}
      : { notes: ['No Redis server was found on this machine, and Debian’s package could not be fetched.'] }),
  };
}
