import { Inject, Injectable } from '@nestjs/common';
import { type Barrier, subjects } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { createLogger } from '@tollgate/telemetry';
import { EVENT_SOURCE, LEASE_TERMS, LEASES, SIGNALS } from '../ports.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { Lease, Leases, LeaseTerms, Signals } from './ports.ts';

const logger = createLogger('barrier');

/**
 * A verifier acknowledges by itself when the feed brings it the event. Only who has not by then is woken: each wake-up costs
 * every verifier an answer, at the very moment when the acknowledgements are on their way.
 */
const patienceMs = 10;
/** A lost wake-up is repeated this often; a verifier answers every one. */
const repeatMs = 50;
/** Acknowledgements of incarnations that hold no lease are dropped beyond this many. */
const rememberedMax = 10_000;

/**
 * The promise of revocation: a verification that begins after `run` returned is never decided on a state before
 * `position`. Leases after Gray and Cheriton; the order of the steps is what the model in `test/model/` checks.
 */
@Injectable()
export class RevocationBarrier {
  readonly #leases: Leases;
  readonly #signals: Signals;
  readonly #source: EventSource;
  readonly #terms: LeaseTerms;
  readonly #watch: LeaseWatch;
  /** The highest position that each incarnation says it has applied. */
  readonly #applied = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #logId = '';

  constructor(
    @Inject(LEASES) leases: Leases,
    @Inject(SIGNALS) signals: Signals,
    @Inject(EVENT_SOURCE) source: EventSource,
    @Inject(LEASE_TERMS) terms: LeaseTerms,
    watch: LeaseWatch,
  ) {
    this.#leases = leases;
    this.#signals = signals;
    this.#source = source;
    this.#terms = terms;
    this.#watch = watch;
  }

  /** Listens to acknowledgements. They are bound to this log and to one incarnation of one process. */
  async start(): Promise<void> {
    this.#logId = await this.#source.logId();
    this.#signals.subscribe(subjects.barrierAck, (ack) => {
      const {
        logId: ofLog,
        incarnation,
        applied,
      } = ack as { logId?: unknown; incarnation?: unknown; applied?: unknown };
      if (ofLog !== this.#logId || typeof incarnation !== 'string' || typeof applied !== 'number') return;
      if (this.#applied.size >= rememberedMax && !this.#applied.has(incarnation)) this.#applied.clear();
      if (applied > (this.#applied.get(incarnation) ?? 0)) this.#applied.set(incarnation, applied);
      for (const wake of this.#waiting) wake();
    });
  }

  /**
   * Call it after the commit of the event at `position`, also when a repeated command found nothing to do.
   * Returns when every leaseholder has acknowledged, or when L + M have passed on this process's monotonic clock: by
   * then every lease that was granted before the commit has ended on its holder's clock.
   */
  async run(position: number): Promise<Barrier> {
    const startedMs = performance.now();
    const longestMs = this.#terms.leaseMs + this.#terms.marginMs;
    const deadlineMs = startedMs + longestMs;
    const { held, complete } = await this.#readLeases();
    // A slow read may show a lease that was granted after the timer started: this call need not wait for it, since it covers
    // `position`, but it may outlast the timer, and the next narrowing change has to find its row.
    const allOverMs = performance.now() + longestMs;
    const missing = () => held.filter(({ incarnation }) => (this.#applied.get(incarnation) ?? 0) < position);
    // Who holds a lease that is not there cannot be asked, so only time can tell.
    const isDone = complete ? () => missing().length === 0 : () => false;
    if (!isDone()) await this.#wait(position, deadlineMs, isDone);

    const acknowledged = isDone();
    if (!acknowledged) void this.#forget(missing(), allOverMs);
    return {
      waitedMs: Math.round((performance.now() - startedMs) * 100) / 100,
      verifiers: held.length,
      mode: acknowledged ? 'acknowledged' : 'lease-expired',
    };
  }

  /** `complete`: these are all the leases that may still run. */
  async #readLeases(): Promise<{ held: readonly Lease[]; complete: boolean }> {
    try {
      const { leases, mark } = await this.#leases.all();
      this.#watch.notice(mark);
      return { held: leases, complete: mark.intact };
    } catch (error) {
      logger.warn(`the leases cannot be read, so the barrier waits for the whole lease: ${(error as Error).message}`);
      return { held: [], complete: false };
    }
  }

  async #wait(position: number, deadlineMs: number, isDone: () => boolean): Promise<void> {
    const broadcast = () => this.#signals.publish(subjects.barrierWake, { logId: this.#logId, position });
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => isDone() && resolve();
    this.#waiting.add(wake);
    let repeat: NodeJS.Timeout | undefined;
    const first = setTimeout(() => {
      repeat = setInterval(broadcast, repeatMs);
      broadcast();
    }, patienceMs);
    const timer = setTimeout(resolve, Math.max(0, deadlineMs - performance.now()));
    await promise;
    for (const each of [first, timer]) clearTimeout(each);
    clearInterval(repeat);
    this.#waiting.delete(wake);
    // A timer may fire a moment early by the monotonic clock; the promise needs the whole time.
    while (!isDone() && performance.now() < deadlineMs) await new Promise((next) => setTimeout(next, 1));
  }

  /**
   * Leases that ran out hold up no further revoke. One that was renewed since it was read stays: it is another lease.
   * @param allOverMs when every lease that was read has ended on its holder's clock
   */
  async #forget(leases: readonly Lease[], allOverMs: number): Promise<void> {
    if (leases.length === 0) return;
    logger.warn(
      { verifiers: leases.map(({ verifier }) => verifier) },
      'verifiers did not acknowledge within the lease',
    );
    while (performance.now() < allOverMs) await new Promise((next) => setTimeout(next, allOverMs - performance.now()));
    await this.#leases
      .forget(leases)
      .catch((error: Error) => logger.warn({ err: error }, 'leases that ran out could not be removed'));
  }
}
