import { HttpClient } from './http-client.ts';
import { closedLoop, inTurn, type Load } from './load.ts';
import { count, microsecondsEach, milliseconds, times, type Section } from './report.ts';
import { sampleAnswer, settle, verifyBodies, type Stage } from './stage.ts';

const inFlight = 64;

/** `POST /v1/verify` against a bare Fastify route that parses and answers the same bytes. */
export async function benchHttp(stage: Stage, tokens: number, quick: boolean): Promise<Section> {
  const bodies = verifyBodies(20_000, tokens);
  const answer = await sampleAnswer(stage, bodies[0]!);
  const bareUrl = (await stage.run('bare-fastify.ts', Buffer.from(answer).toString())) as string;
  const authorization = `Bearer ${await stage.callers.jwt({ sub: 'bench', scope: 'tokens:verify' })}`;
  const durationMs = quick ? 1_000 : 4_000;
  const rounds = quick ? 1 : 3;
  const loadOf = (url: string) => {
    const client = new HttpClient(url, inFlight);
    const requests = bodies.map((body) => client.post('/v1/verify', body, { authorization }));
    const load = (ms = durationMs) =>
      closedLoop(inFlight, ms, (n, done) => client.send(requests[n % requests.length]!, done));
    return { client, load };
  };
  const [bare, tollgate] = [loadOf(bareUrl), loadOf(stage.stack.verifierUrl)];
  for (const { load } of [bare, tollgate]) await load(1_000);
  await settle();
  const [floor, verify] = (await inTurn(
    rounds,
    () => bare.load(),
    () => tollgate.load(),
  )) as [Load, Load];
  bare.client.close();
  tollgate.client.close();
  const throughput = verify.perSecond / floor.perSecond;
  return {
    title: 'Verify over HTTP',
    method: `\`POST /v1/verify\` on ${inFlight} connections with one request under way on each, against a Fastify route in a process of its own that parses the same body and answers the same bytes. One client process; the two take turns, ${rounds} rounds of ${durationMs / 1000} s each, median.`,
    columns: ['bare Fastify', 'verify', 'throughput', 'bare p99', 'verify p99'],
    rows: [
      {
        what: `${inFlight} in flight`,
        figures: [
          `${count(floor.perSecond)}/s`,
          `${count(verify.perSecond)}/s`,
          times(throughput),
          milliseconds(floor.p99Ms),
          milliseconds(verify.p99Ms),
        ],
        goal: '≥ 0.8 ×',
        reached: throughput >= 0.8,
      },
    ],
    notes: [
      `A request takes ${microsecondsEach(floor.perSecond)} with the bare route, mostly for the sockets, and ${microsecondsEach(verify.perSecond)} with a verification. What the route leaves out is the digest, the decision, the JWT of the caller, the count of use and the metrics.`,
    ],
  };
}
