import type { ProcessHandle, TestStack } from '@tollgate/stack';
import type { Fleet, Verifier } from './fleet.ts';
import { Random } from './random.ts';

type VerifierFault = 'cut up' | 'cut down' | 'cut both' | 'slow link' | 'broken link' | 'pause' | 'kill' | 'wall clock';
const verifierFaults: readonly VerifierFault[] = [
  'cut up',
  'cut down',
  'cut both',
  'slow link',
  'broken link',
  'pause',
  'pause',
  'kill',
  'wall clock',
];
type AuthorityFault = 'kill token-command' | 'kill nats' | 'kill postgres';

export interface FaultOptions {
  /** Mean time from one fault of a verifier to the next. */
  readonly verifierEveryMs: number;
  /** Time from one fault of the authority to the next, or null for none. */
  readonly authorityEveryMs: number | null;
}

/** After a server was killed, this long all of the authority counts as disturbed: processes start anew and connect. */
const settlingMs = 4_000;

/** Returns after `ms`, or at once when the signal is given. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Inflicts faults by a schedule that follows from the seed, until it is stopped; then everything is whole again. */
export class Faults {
  readonly counts = new Map<string, number>();
  /** When the authority itself was disturbed: from, to. */
  readonly #disturbed: [number, number][] = [];
  readonly #stack: TestStack;
  readonly #fleet: Fleet;
  readonly #random: Random;
  readonly #authorityRandom: Random;
  readonly #options: FaultOptions;
  readonly #ending = new AbortController();
  readonly #underWay = new Map<Verifier, Promise<void>>();
  readonly #running: Promise<unknown>;

  constructor(stack: TestStack, fleet: Fleet, seed: number, options: FaultOptions) {
    this.#stack = stack;
    this.#fleet = fleet;
    // One for each schedule: what one of them waits for does not change the other.
    this.#random = new Random(seed);
    this.#authorityRandom = new Random(seed + 1);
    this.#options = options;
    this.#running = Promise.all([this.#disturbVerifiers(), this.#disturbAuthority()]);
  }

  /** Whether only verifiers were disturbed in this time. */
  spared(fromMs: number, toMs: number): boolean {
    return !this.#disturbed.some(([from, to]) => from <= toMs && to >= fromMs);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await Promise.all(this.#underWay.values());
    for (const { link, setWallClock } of this.#fleet.verifiers) {
      link.heal();
      setWallClock?.(0);
    }
  }

  async #disturbVerifiers(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await sleep(this.#random.between(0.3, 1.7) * this.#options.verifierEveryMs, signal);
      const verifier = this.#random.pick(this.#fleet.verifiers);
      const fault = this.#random.pick(verifierFaults);
      const lastsMs = this.#random.scale(100, 10_000);
      const offsetSeconds = this.#random.pick([-3600, 3600, 0]);
      // Some stay whole, so that there is something to accept.
      if (signal.aborted || this.#underWay.has(verifier)) continue;
      if (this.#underWay.size >= Math.ceil(this.#fleet.verifiers.length * 0.6)) continue;
      if (fault === 'wall clock') {
        if (!verifier.setWallClock) continue;
        verifier.setWallClock(offsetSeconds);
        this.#count(fault);
        continue;
      }
      this.#count(fault);
      const work = this.#disturb(verifier, fault, lastsMs).finally(() => this.#underWay.delete(verifier));
      this.#underWay.set(verifier, work);
    }
  }

  async #disturb({ handle, link }: Verifier, fault: VerifierFault, lastsMs: number): Promise<void> {
    const { signal } = this.#ending;
    if (fault === 'kill') return handle.kill('SIGKILL');
    if (fault === 'broken link') return link.break();
    if (fault === 'pause') {
      handle.pause();
      await sleep(lastsMs, signal);
      return handle.resume();
    }
    if (fault === 'slow link') link.slow(Math.min(1_500, lastsMs / 2));
    if (fault === 'cut up') link.cut('up');
    if (fault === 'cut down') link.cut('down');
    if (fault === 'cut both') link.cut('up', 'down');
    await sleep(lastsMs, signal);
    link.heal();
  }

  async #disturbAuthority(): Promise<void> {
    const { signal } = this.#ending;
    const { authorityEveryMs } = this.#options;
    if (authorityEveryMs === null) return;
    const victims: Record<AuthorityFault, ProcessHandle> = {
      'kill token-command': this.#stack.service('token-command'),
      'kill nats': this.#stack.nats,
      'kill postgres': this.#stack.postgres,
    };
    const kinds = Object.keys(victims) as AuthorityFault[];
    while (!signal.aborted) {
      await sleep(this.#authorityRandom.between(0.7, 1.3) * authorityEveryMs, signal);
      if (signal.aborted) return;
      const kind = this.#authorityRandom.pick(kinds);
      const fromMs = performance.now();
      const interval: [number, number] = [fromMs - 100, Number.POSITIVE_INFINITY];
      this.#disturbed.push(interval);
      this.#count(kind);
      await victims[kind].kill('SIGKILL');
      await this.#stack
        .service('token-command')
        .ready(60_000)
        .catch(() => undefined);
      interval[1] = performance.now() + settlingMs;
    }
  }

  #count(fault: string): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }
}
