import { hash } from 'node:crypto';
import type { VerifyRequest } from '@tollgate/contracts';
import { digestSecret } from '@tollgate/credential';
import { decide, Replica } from '@tollgate/verifier';
import { accountOf, populationPages, populationRows, secretOf, spacesOf } from './population.ts';
import { count, nanoseconds, times, type Section } from './report.ts';
import { median } from './statistics.ts';

/** Different tokens in turn, chosen by chance from all: their rows come from memory, not from a cache. */
const requests = 50_000;

/** `decide` in this process against the least that any verifier must do: one SHA-256 and one look-up. */
export function benchDecide(quick: boolean): Section {
  const tokens = quick ? 200_000 : 1_000_000;
  const rounds = quick ? 7 : 17;
  const replica = new Replica('bench');
  const map = new Map<string, number>();
  let digested = 0;
  const digestOf = (token: number) => {
    const digest = digestSecret(secretOf(token));
    map.set(digest, digested++);
    return digest;
  };
  for (const page of populationPages('bench', populationRows(tokens, digestOf))) replica.load(page);

  const chosen = Array.from({ length: requests }, () => Math.floor(Math.random() * tokens));
  // Flat texts, as they come out of a parsed request.
  const secrets = chosen.map((token) => Buffer.from(secretOf(token)).toString());
  const plain = secrets.map((token): VerifyRequest => ({ token }));
  const wishes = chosen.map((token, n): VerifyRequest => {
    const [space] = spacesOf(accountOf(token));
    return { token: secrets[n]!, space, resource: 'agents', operation: 'list' };
  });
  const unknown = chosen.map((_, n): VerifyRequest => ({ token: Buffer.from(secretOf(tokens + n)).toString() }));

  let sum = 0;
  const now = Date.now();
  const candidates: Record<string, (n: number) => void> = {
    floor: (n) => void (sum += map.get(hash('sha256', secrets[n]!, 'hex'))!),
    plain: (n) => void (sum += Number(decide(replica, plain[n]!, now).valid)),
    wish: (n) => void (sum += Number(decide(replica, wishes[n]!, now).valid)),
    unknown: (n) => void (sum += Number(decide(replica, unknown[n]!, now).valid)),
  };
  const samples = new Map<string, number[]>(Object.keys(candidates).map((name) => [name, []]));
  // In turn, so that whatever else the machine does meets all of them.
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const startedMs = performance.now();
      for (let n = 0; n < requests; n++) run(n);
      if (round > 1) samples.get(name)!.push(((performance.now() - startedMs) * 1e6) / requests);
    }
  }
  if (sum === 0) throw new Error('no token was found');
  const floor = median(samples.get('floor')!);
  const row = (what: string, name: string, goal?: number) => {
    const ns = median(samples.get(name)!);
    const ratio = ns / floor;
    const figures = [nanoseconds(ns), times(ratio)];
    return goal === undefined ? { what, figures } : { what, figures, goal: `≤ ${goal} ×`, reached: ratio <= goal };
  };
  return {
    title: 'A decision, in process',
    method: `${count(tokens)} tokens of ${count(tokens / 10)} accounts. ${requests.toLocaleString('en')} different tokens in turn, chosen by chance; median of ${rounds - 2} rounds, in which all candidates take turns. The floor is a one-shot SHA-256 in hex and \`Map.get\` over the same tokens.`,
    columns: ['time', 'against the floor'],
    rows: [
      row('SHA-256 and `Map.get`: the floor', 'floor'),
      row('`decide`: does this token hold', 'plain', 1.5),
      row('`decide` with a space, a resource and an operation', 'wish'),
      row('`decide` on an unknown secret', 'unknown'),
    ],
  };
}
