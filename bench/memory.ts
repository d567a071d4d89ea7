import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { megabytes, seconds, type Section } from './report.ts';

const million = 1_000_000;
/** Above the empty process. */
const goals = new Map([
  [million, 250e6],
  [10 * million, 2e9],
]);

/** What a replica takes in memory, in a process that holds nothing else. */
export async function benchMemory(sizes: readonly number[]): Promise<Section> {
  const rows = [];
  for (const tokens of sizes) {
    const child = fileURLToPath(new URL('memory-child.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=@tollgate/source',
      child,
      String(tokens),
    ]);
    const { bytes, arrayBuffers, loadMs } = JSON.parse(stdout) as {
      bytes: number;
      arrayBuffers: number;
      loadMs: number;
    };
    const goal = goals.get(tokens)!;
    rows.push({
      what: `${tokens / million} million tokens`,
      figures: [megabytes(bytes), `${Math.round(bytes / tokens)} B`, megabytes(arrayBuffers), seconds(loadMs)],
      goal: `≤ ${megabytes(goal)}`,
      reached: bytes <= goal,
    });
  }
  return {
    title: 'Memory',
    method:
      'The rows of a snapshot are loaded into an otherwise empty process of its own. Resident memory after a garbage collection, less what the process had before; accounts, memberships and products are among it. `Loading` is the time in `Replica.load`, without reading and sending.',
    columns: ['resident', 'per token', 'of it tables', 'loading'],
    rows,
  };
}
