import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintSecret } from '@tollgate/credential';
import { summary, type Load } from './load.ts';
import { count, milliseconds, times, type Section } from './report.ts';
import { settle, verifyBodies, verifySubject, type Stage } from './stage.ts';

const junkPerSecond = 10_000;
const goodPerSecond = 500;

/** Junk beside good tokens over NATS, and what the good ones notice of it. */
export async function benchJunk(stage: Stage, tokens: number, quick: boolean): Promise<Section> {
  const good = verifyBodies(5_000, tokens);
  const junk = Array.from({ length: 20_000 }, (_, n) => Buffer.from(JSON.stringify({ token: junkSecret(n) })));
  const durationMs = quick ? 2_000 : 10_000;
  const load = (subject: string, ms = durationMs) => openLoop(stage, subject, good, junk, ms);
  const warmUpMs = durationMs / 2;
  await load('bench.echo', warmUpMs);
  await load(verifySubject, warmUpMs);
  await settle();
  const echo = await load('bench.echo');
  const before = await readsOf(stage);
  const verify = await load(verifySubject);
  const during = (await readsOf(stage)) - before;
  const quietBefore = await readsOf(stage);
  await sleep(durationMs);
  const quiet = (await readsOf(stage)) - quietBefore;
  const { rows } = await stage.admin.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'auth-verifier%'`,
  );
  const ratio = verify.p99Ms / echo.p99Ms;
  return {
    title: 'Junk',
    method: `${count(junkPerSecond)} junk tokens per second, half of them with valid checksums, beside ${goodPerSecond} good ones over NATS, for ${durationMs / 1000} s; the same load on the echo responder. An open loop: requests are sent when they are due, whatever became of those before.`,
    columns: ['echo p99 of the good', 'verify p99 of the good', 'p99', 'connections of verifiers to Postgres'],
    rows: [
      {
        what: `${count(verify.perSecond)}/s good ones answered`,
        figures: [milliseconds(echo.p99Ms), milliseconds(verify.p99Ms), times(ratio), String(rows[0].n)],
        goal: 'p99 ≤ 1.5 ×, no connection',
        reached: ratio <= 1.5 && rows[0].n === 0,
      },
    ],
    notes: [
      `Transactions in Postgres during the load: ${count(during)}; in the same time without it: ${count(quiet)} (leases, relay, the services' own polling).`,
    ],
  };
}

/** Half of it minted, and so with a valid checksum; half with a wrong one. */
function junkSecret(n: number): string {
  const secret = mintSecret({ prefix: 'sk', environment: 'live', randomBytes: randomBytes(32) });
  return n % 2 === 0 ? secret : secret.slice(0, -6) + (secret.endsWith('000000') ? '111111' : '000000');
}

async function openLoop(
  stage: Stage,
  subject: string,
  good: Uint8Array[],
  junk: Uint8Array[],
  durationMs: number,
): Promise<Load> {
  const latencies: number[] = [];
  const { requester } = stage;
  let [sentGood, sentJunk, answered] = [0, 0, 0];
  const startedMs = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs >= durationMs) break;
    for (const due = (elapsedMs * junkPerSecond) / 1000; sentJunk < due; sentJunk++) {
      requester.send(subject, junk[sentJunk % junk.length]!, () => void (answered += 1));
    }
    for (const due = (elapsedMs * goodPerSecond) / 1000; sentGood < due; sentGood++) {
      const sentMs = performance.now();
      requester.send(subject, good[sentGood % good.length]!, () => {
        answered += 1;
        latencies.push(performance.now() - sentMs);
      });
    }
    await sleep(1);
  }
  for (const endMs = performance.now() + 5_000; answered < sentGood + sentJunk && performance.now() < endMs;)
    await sleep(10);
  if (answered < sentGood + sentJunk)
    throw new Error(`${sentGood + sentJunk - answered} requests were never answered.`);
  return summary(latencies, durationMs);
}

/** Transactions that Postgres has committed so far. */
async function readsOf({ admin }: Stage): Promise<number> {
  await settle(1_100); // statistics are reported once a second
  const { rows } = await admin.query(
    `SELECT xact_commit::float8 AS n FROM pg_stat_database WHERE datname = current_database()`,
  );
  return rows[0].n;
}
