import { setTimeout as sleep } from 'node:timers/promises';

export interface LoopOptions {
  /** Milliseconds from the end of a round to the next one. */
  readonly everyMs: number;
  /** The same after so many rounds in a row that failed, one or more (default `everyMs`). */
  readonly retryMs?: (failures: number) => number;
  /** One round; it may name the milliseconds until the next one. Long work looks at `ending` now and then. */
  readonly round: (ending: AbortSignal) => Promise<number | void>;
  /** What to say of a round that failed, and what to forget before the next one. Not called once the loop ends. */
  readonly onFailure: (error: unknown) => void;
}

/** Does the same again and again, one round after the other, whatever becomes of a round, until it is stopped. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Why the last round failed; undefined if it went well, and before the first one has ended. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Begins with the first round. May be called twice. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the round under way; there is no new start. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { everyMs, retryMs = () => everyMs, round, onFailure } = this.#options;
    const { signal } = this.#ending;
    for (let failures = 0; !signal.aborted;) {
      let waitMs: number;
      try {
        waitMs = (await round(signal)) ?? everyMs;
        failures = 0;
        this.#failure = undefined;
      } catch (error) {
        this.#failure = error as Error;
        failures += 1;
        waitMs = retryMs(failures);
        if (!signal.aborted) onFailure(error);
      }
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
