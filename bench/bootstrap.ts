import { megabytes, seconds, type Row, type Section } from './report.ts';
import { memoryOf, seed, type Stage } from './stage.ts';

const million = 1_000_000;

/** Starts the verifier on an empty log and then on populations, and looks at its time and its memory. */
export async function benchBootstrap(stage: Stage, sizes: readonly number[], before = 'no tokens'): Promise<Section> {
  const verifier = stage.stack.service('auth-verifier');
  const start = async () => {
    await verifier.stop();
    const startedMs = performance.now();
    await verifier.start();
    await verifier.ready(600_000);
    return performance.now() - startedMs;
  };
  const emptyMs = await start();
  const { residentBytes: emptyBytes } = memoryOf(verifier);
  const rows: Row[] = [{ what: before, figures: [seconds(emptyMs), '', megabytes(emptyBytes), ''] }];
  for (const tokens of sizes) {
    await seed(stage, tokens);
    const ms = await start();
    const { residentBytes, peakBytes } = memoryOf(verifier);
    const bootstrapMs = ms - emptyMs;
    rows.push({
      what: `${tokens / million} million tokens`,
      figures: [seconds(ms), seconds(bootstrapMs), megabytes(residentBytes), megabytes(peakBytes)],
      ...(tokens === million ? { goal: '≤ 10 s', reached: ms <= 10_000 } : {}),
    });
  }
  return {
    title: 'Bootstrap',
    method:
      'From the start of the `auth-verifier` process to `/readyz`: snapshot from Postgres over `token-command` and NATS, feed, lease. The population is in the rows of the snapshot and in no event, so all of it comes that way.',
    columns: ['until ready', 'of it bootstrap', 'resident', 'peak'],
    rows,
  };
}
