import type { TestStack } from '@tollgate/stack';
import { startStack } from '@tollgate/stack';
import { callersOf, makeOrganization } from '../support/api.ts';
import { Checker, type Outcome, type Violation } from './checker.ts';
import { broadcastWithoutWaiting, leaseOfLateReply, type ControlReport } from './controls.ts';
import { Faults, sleep } from './faults.ts';
import { startFleet } from './fleet.ts';
import { kinds, Narrowings, type Kind, type Returned } from './narrowings.ts';
import { Random } from './random.ts';
import { Stalls } from './stalls.ts';
import { Traffic } from './traffic.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly verifiers: number;
  /** How long the faults last; starting, the controls and stopping come on top. */
  readonly durationMs: number;
  /** Mean time between faults of verifiers, and time between faults of the authority. */
  readonly verifierFaultEveryMs: number;
  readonly authorityFaultEveryMs: number;
  readonly pauseMs: number;
  readonly onProgress?: (line: string) => void;
  /** Ends the faults early; what was seen until then is reported. */
  readonly signal?: AbortSignal;
}

export interface ChaosReport {
  readonly options: ChaosOptions;
  readonly returned: readonly Returned[];
  readonly unanswered: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly after: Readonly<Record<Outcome, number>>;
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<string, number>;
  /** The longest that this process stood still. */
  readonly longestStallMs: number;
  readonly clocksLeftAlone: string | null;
  readonly controls: {
    readonly broadcast: ControlReport;
    readonly fromReceipt: ControlReport;
    /** The same as `fromReceipt` with the protocol as it is: no violation. */
    readonly fromRequest: ControlReport;
  };
}

/** L + M + 250 ms: no fault of a verifier may delay a narrowing call longer. */
export const longestMs = 2_000 + 250 + 250;
/** Violations that each control must show, to prove that the harness would see them. */
export const controlViolations = 100;

/** Starts a stack with verifiers behind links, runs the mix of faults and narrowing calls, then the controls, and reports. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const stack = await startStack({ env: { TOLLGATE_LOG_LEVEL: 'error' } });
  try {
    return await runOn(stack, options);
  } finally {
    await stack.stop();
  }
}

async function runOn(stack: TestStack, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, durationMs, onProgress = () => undefined, signal = new AbortController().signal } = options;
  const callers = await callersOf(stack);
  // Wall clocks jump by an hour: this JWT holds all the same.
  const jwt = await callers.jwt({ sub: 'shop', scope: 'tokens:verify', expiresInSeconds: 86_400 });
  const authorization = `Bearer ${jwt}`;
  const organization = await makeOrganization(callers);
  const fleet = await startFleet(stack, options.verifiers);
  onProgress(
    `seed ${seed}, ${fleet.verifiers.length} verifiers (${fleet.verifiers.map(({ clock }) => clock).join(', ')})`,
  );
  const checker = new Checker();
  const stalls = new Stalls();
  const random = (number: number) => new Random(seed + number);
  const traffic = new Traffic(
    fleet,
    checker,
    { authorization, loops: 2, batch: 25, pauseMs: options.pauseMs },
    random(10),
  );
  const faults = new Faults(stack, fleet, seed, {
    verifierEveryMs: options.verifierFaultEveryMs,
    authorityEveryMs: options.authorityFaultEveryMs,
  });
  const narrowings = new Narrowings({ organization, checker, fleet, traffic, faults, stalls }, random(20), 4);
  for (const endMs = performance.now() + durationMs; performance.now() < endMs && !signal.aborted;) {
    await sleep(Math.min(30_000, Math.max(0, endMs - performance.now())), signal);
    const { violations, verifications } = checker;
    onProgress(`${narrowings.returned.length} narrowed, ${verifications} verified, ${violations.length} violations`);
  }
  await faults.stop();
  await narrowings.stop();
  await traffic.stop();
  stalls.stop();
  for (const { handle } of fleet.verifiers) await handle.ready(60_000);
  const controls = {
    broadcast: await broadcastWithoutWaiting(stack, organization, fleet, authorization, controlViolations),
    fromReceipt: await leaseOfLateReply(stack, organization, 'receipt', { wanted: controlViolations, roundsMax: 5 }),
    fromRequest: await leaseOfLateReply(stack, organization, 'request', { wanted: 1, roundsMax: 1 }),
  };
  await fleet.stop();
  return {
    options,
    returned: narrowings.returned,
    unanswered: narrowings.unanswered,
    outcomes: checker.outcomes,
    after: checker.after,
    violations: checker.violations,
    faults: faults.counts,
    longestStallMs: stalls.longestMs,
    clocksLeftAlone: fleet.clocksLeftAlone,
    controls,
  };
}

/** Barriers that only verifiers can have delayed, and that took longer than they may on the authority's own clock. */
export const delayedBarriers = (report: ChaosReport): readonly Returned[] =>
  ofVerifierFaults(report).filter(({ barrier }) => barrier.waitedMs > longestMs);

/** The same for whole calls, by the clock of the caller: with the gateway, the append, and the turns of other programs. */
export const delayedCalls = (report: ChaosReport, toleranceMs = 0): readonly Returned[] =>
  ofVerifierFaults(report).filter(({ tookMs }) => tookMs > longestMs + toleranceMs);

const ofVerifierFaults = ({ returned }: ChaosReport) => returned.filter(({ verifierFaultsOnly }) => verifierFaultsOnly);

/** The report as lines for people. */
export function describeReport(report: ChaosReport): string[] {
  const { options, returned, outcomes, after, controls, violations } = report;
  const verifications = outcomes.accepted + outcomes.refused + outcomes.undecided;
  const spared = ofVerifierFaults(report);
  const count = (kind: Kind) => returned.filter((each) => each.kind === kind).length;
  const expired = returned.filter(({ barrier }) => barrier.mode === 'lease-expired').length;
  const control = ({ rounds, verifications: asked, violations: found }: ControlReport) =>
    `${found} violations of ${asked} verifications in ${rounds} rounds`;
  return [
    `seed ${options.seed}, ${options.verifiers} verifiers, ${Math.round(options.durationMs / 1000)} s of faults`,
    `faults: ${[...report.faults].map(([fault, times]) => `${fault} ${times}`).join(', ')}`,
    ...(report.clocksLeftAlone ? [`clocks: ${report.clocksLeftAlone}`] : []),
    `narrowing calls that returned: ${returned.length} (${kinds.map((kind) => `${kind} ${count(kind)}`).join(', ')}); ` +
      `${expired} waited for a lease to end; ${report.unanswered} calls failed and were repeated`,
    `verifications: ${verifications} (${outcomes.accepted} accepted, ${outcomes.refused} refused, ${outcomes.undecided} undecided), ` +
      `of them ${after.accepted + after.refused + after.undecided} began after the return`,
    `calls with faults of verifiers only: ${spared.length}; took ${quantiles(spared.map(({ tookMs }) => tookMs))} ms; ` +
      `barrier ${quantiles(spared.map(({ barrier }) => barrier.waitedMs))} ms; ` +
      `${delayedCalls(report).length} calls and ${delayedBarriers(report).length} barriers took longer than ${longestMs} ms; this process stood still for ${Math.round(report.longestStallMs)} ms at most`,
    `control, broadcast without waiting: ${control(controls.broadcast)}`,
    `control, lease counted from receipt: ${control(controls.fromReceipt)}; counted from the request: ${control(controls.fromRequest)}`,
    ...violations
      .slice(0, 20)
      .map(({ kind, door, lateMs }) => `VIOLATION: ${kind} accepted by ${door}, ${lateMs} ms after`),
    `${violations.length} violations`,
  ];
}

function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}
