/** Run by `memory.ts`: loads a snapshot of so many tokens into an otherwise empty process and prints what it takes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Replica } from '@tollgate/verifier';
import { populationPages, populationRows, quickDigestOf } from './population.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const tokens = Number(process.argv[2]);

// Warms the code up, so that what is measured is the table.
const warmUp = new Replica('warm-up');
for (const page of populationPages('warm-up', populationRows(20_000, quickDigestOf))) warmUp.load(page);
collect();
const emptyBytes = process.memoryUsage().rss;

let loadMs = 0;
const replica = new Replica('bench');
for (const page of populationPages('bench', populationRows(tokens, quickDigestOf))) {
  const startedMs = performance.now();
  replica.load(page);
  loadMs += performance.now() - startedMs;
}
collect();
const { rss, arrayBuffers } = process.memoryUsage();
if (replica.tokens.size !== tokens) throw new Error('tokens are missing');
process.stdout.write(JSON.stringify({ bytes: rss - emptyBytes, arrayBuffers, loadMs }));
