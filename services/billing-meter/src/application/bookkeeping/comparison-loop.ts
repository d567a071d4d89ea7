import { Injectable } from '@nestjs/common';
import { createLogger } from '@tollgate/telemetry';
import { Reconciliation } from './reconcile.ts';

/** How often all books are compared with the log, beside what every closing compares. */
const everyMs = 600_000;
/** A comparison that takes long is followed by a rest this many times as long, so that it never takes more than a tenth of the time. */
const restPerWork = 9;

/** Compares all books with the log now and then. On a large platform that takes minutes, and nothing waits for it. */
@Injectable()
export class ComparisonLoop {
  readonly #logger = createLogger('reconciliation');
  /** The first time is a while after the first look, when everything else is done. */
  #nextMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly reconciliation: Reconciliation) {}

  /** Starts a comparison if none is under way and it is time for one. @param clock monotonic, in milliseconds */
  look(clock: () => number, ending: AbortSignal): void {
    this.#nextMs ??= clock() + everyMs;
    if (this.#running || clock() < this.#nextMs) return;
    this.#running = this.#compare(clock, ending).finally(() => (this.#running = undefined));
  }

  /** Resolves once nothing is under way. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #compare(clock: () => number, ending: AbortSignal): Promise<void> {
    const startedMs = clock();
    try {
      await this.reconciliation.run(undefined, ending);
    } catch (err) {
      if (!ending.aborted) this.#logger.warn({ err }, 'the books could not be compared; they are the next time');
    }
    const tookMs = clock() - startedMs;
    this.#nextMs = startedMs + Math.max(everyMs, (1 + restPerWork) * tookMs);
  }
}
