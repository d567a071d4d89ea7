import { expect, it } from '@jest/globals';
import { controlViolations, delayedBarriers, describeReport, runChaos } from './chaos.ts';
import { kinds } from './narrowings.ts';

/** Printed with the result, so that a run can be repeated: `npm run chaos -- --seed N`. */
const seed = Number(process.env['TOLLGATE_CHAOS_SEED'] ?? 20_261_122);

it('no verification that begins after a narrowing call returned is accepted, under mixed faults', async () => {
  const report = await runChaos({
    seed,
    verifiers: 3,
    durationMs: 12_000,
    verifierFaultEveryMs: 500,
    authorityFaultEveryMs: 5_000,
    pauseMs: 40,
  });
  process.stdout.write(`${describeReport(report).join('\n')}\n`);

  const { violations, returned, controls, after, outcomes } = report;
  expect(violations).toEqual([]);
  expect(new Set(returned.map(({ kind }) => kind))).toEqual(new Set(kinds));
  expect(outcomes.accepted).toBeGreaterThan(100);
  expect(after.refused).toBeGreaterThan(100);
  // What the authority itself measured: tests that share a machine take turns, and a call may wait long for its own.
  expect(delayedBarriers(report)).toEqual([]);
  // Where the protocol is broken on purpose, the same checker sees it.
  expect(controls.broadcast.violations).toBeGreaterThanOrEqual(controlViolations);
  expect(controls.fromReceipt.violations).toBeGreaterThanOrEqual(controlViolations);
  expect(controls.fromRequest.violations).toBe(0);
}, 180_000);
