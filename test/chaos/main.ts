/** A program (`npm run chaos`): the long run. Ends with 1 if a promise was broken or the harness saw too little. */
import { parseArgs } from 'node:util';
import { controlViolations, delayedBarriers, delayedCalls, describeReport, runChaos } from './chaos.ts';

const { minutes, seed, verifiers } = readOptions();
const interrupted = new AbortController();
// Once: the run ends early, with its report. Verifiers that are paused then would otherwise stay so for ever.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const report = await runChaos({
  seed,
  verifiers,
  durationMs: minutes * 60_000,
  verifierFaultEveryMs: 700,
  authorityFaultEveryMs: 25_000,
  pauseMs: 250,
  signal: interrupted.signal,
  onProgress: (line) => console.log(`${new Date().toISOString()} ${line}`),
});
for (const line of describeReport(report)) console.log(line);

const { violations, controls, returned } = report;
const failures = [
  ...(violations.length > 0 ? ['a narrowed token was accepted'] : []),
  ...(returned.length === 0 ? ['no narrowing call returned'] : []),
  ...(delayedBarriers(report).length > 0 ? ['a verifier delayed a barrier beyond L + M + 250 ms'] : []),
  // On a busy machine every part of a call waits for its turn.
  ...(delayedCalls(report, 1_000).length > 0 ? ['a verifier delayed a call beyond L + M + 1,250 ms'] : []),
  ...(controls.broadcast.violations < controlViolations
    ? ['the control without a barrier shows too few violations']
    : []),
  ...(controls.fromReceipt.violations < controlViolations
    ? ['the control with a late lease shows too few violations']
    : []),
  ...(controls.fromRequest.violations > 0 ? ['a lease outlived its barrier'] : []),
];
for (const failure of failures) console.log(`FAILED: ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;

function readOptions(): { minutes: number; seed: number; verifiers: number } {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '20' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        verifiers: { type: 'string', default: '8' },
      },
    });
    const read = (name: keyof typeof values) => {
      const value = Number(values[name]);
      if (!(value > 0)) throw new Error(`--${name} is a number above 0, not ${values[name]}`);
      return value;
    };
    return { minutes: read('minutes'), seed: read('seed'), verifiers: read('verifiers') };
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: npm run chaos -- [--minutes 20] [--seed 1] [--verifiers 8]`);
    process.exit(2);
  }
}
