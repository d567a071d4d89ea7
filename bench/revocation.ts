import type { Barrier } from '@tollgate/contracts';
import { makeOrganization, makeToken, must } from '../test/support/api.ts';
import { HttpClient } from './http-client.ts';
import { closedLoop } from './load.ts';
import { count, milliseconds, type Section } from './report.ts';
import { settle, type Stage } from './stage.ts';
import { quantile } from './statistics.ts';

const verifiers = 8;
const verificationsPerSecond = 1_000;
/** All of them are used before the revokes: a server ends a connection that has brought no request for a minute. */
const connectionsPerVerifier = 16;
/**
 * A revoke each: the projections take the event of the one before within a tenth of a second or two, and are at rest again.
 * What is measured is a revoke beside verifications, not how many revokes a machine bears.
 */
const periodMs = 200;

/** From the sending of a revoke to the moment when every verifier refuses, while all of them answer verifications. */
export async function benchRevocation(stage: Stage, quick: boolean): Promise<Section> {
  const { stack, callers } = stage;
  const revokes = quick ? 20 : 200;
  const warmUpMs = quick ? 300 : 1_000;
  const warmUpRevokes = quick ? 20 : 150;
  const organization = await makeOrganization(callers);
  const others = await Promise.all(Array.from({ length: verifiers - 1 }, () => stack.spawn('auth-verifier')));
  const urls = [stack.verifierUrl, ...others.map(({ url }) => url)];
  const authorization = `Bearer ${await callers.jwt({ sub: 'bench', scope: 'tokens:verify' })}`;
  const verify = async (url: string, token: string): Promise<boolean> => {
    const response = await fetch(`${url}/v1/verify`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    return ((await response.json()) as { valid: boolean }).valid;
  };

  const tokens: { token: { id: string }; secret: string }[] = [];
  for (let n = 0; n < revokes; n++) tokens.push(await makeToken(organization));
  const steady = Buffer.from(JSON.stringify({ token: (await makeToken(organization)).secret }));
  const clients = urls.map((url) => {
    const client = new HttpClient(url, connectionsPerVerifier);
    return { client, request: client.post('/v1/verify', steady, { authorization }) };
  });
  // A process that has just begun runs code that is not compiled yet.
  for (const { client, request } of clients) {
    await closedLoop(connectionsPerVerifier, warmUpMs, (_, done) => client.send(request, done));
  }
  for (let n = 0; n < warmUpRevokes; n++) {
    const { token } = await makeToken(organization);
    must(200, await organization.owner('POST', organization.at(`/tokens/${token.id}/revoke`), {}));
  }
  let [asked, underWay] = [0, 0];
  const startedMs = performance.now();
  const timer = setInterval(() => {
    for (const due = ((performance.now() - startedMs) * verificationsPerSecond) / 1000; asked < due; asked++) {
      const { client, request } = clients[asked % verifiers]!;
      // Sent a moment later: a verifier that is busy must not make this loop wait.
      if (client.idle === 0) break;
      underWay += 1;
      client.send(request, () => void (underWay -= 1));
    }
  }, 1);
  await settle(1_000);

  // Little more than a socket, as for the verifications: this process has a share of every figure.
  const gateway = new HttpClient(stack.url, 1);
  const owner = `Bearer ${await callers.jwt({ sub: organization.ownerId, org: organization.org.id })}`;
  const revoke = (id: string) =>
    gateway.request(
      gateway.post(organization.at(`/tokens/${id}/revoke`), Buffer.from('{}'), { authorization: owner }),
    ) as Promise<{
      barrier: Barrier;
    }>;
  const [tookMs, waitedMs]: [number[], number[]] = [[], []];
  let accepted = 0;
  for (const { token, secret } of tokens) {
    const sentMs = performance.now();
    const { barrier } = await revoke(token.id);
    tookMs.push(performance.now() - sentMs);
    waitedMs.push(barrier.waitedMs);
    // It has returned, so whoever is asked now must refuse.
    const answers = await Promise.all(urls.map((url) => verify(url, secret)));
    accepted += answers.filter(Boolean).length;
    await settle(Math.max(0, sentMs + periodMs - performance.now()));
  }
  const elapsedMs = performance.now() - startedMs;
  clearInterval(timer);
  while (underWay > 0) await settle(10);
  for (const { client } of clients) client.close();
  gateway.close();
  for (const verifier of others) await verifier.stop();
  if (accepted > 0) throw new Error(`${accepted} verifications were accepted after their revoke had returned.`);

  const [p50, p99] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  return {
    title: 'Revoke to refused everywhere',
    method: `${verifiers} verifier processes that answer ${count(verificationsPerSecond)} verifications per second in all over HTTP (${count((asked / elapsedMs) * 1000)}/s reached), ${revokes} revokes, one every ${periodMs} ms. The time is that of the whole call \`POST …/revoke\`, from its sending to its answer: from then on every verifier refuses, which is tried each time at all of them.`,
    columns: ['p50', 'p99', 'of it barrier p50', 'accepted afterwards'],
    rows: [
      {
        what: `${verifiers} verifiers`,
        figures: [milliseconds(p50), milliseconds(p99), milliseconds(quantile(waitedMs, 0.5)), String(accepted)],
        goal: 'p50 ≤ 10 ms, p99 ≤ 50 ms',
        reached: p50 <= 10 && p99 <= 50,
      },
    ],
  };
}
