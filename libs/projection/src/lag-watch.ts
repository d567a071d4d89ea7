/** Readers that ask for a position wait less; beyond this somebody should look. */
const warnAfterMs = 5_000;
const lookEveryMs = 500;

/** What is watched. */
export interface Applying {
  /** Everything up to here is applied. */
  readonly applied: number;
  /** Events known to exist and not yet applied. */
  readonly lag: number;
}

/**
 * Measures for how long a projection has been behind: how long ago the oldest event that it has not applied was known to
 * exist. A busy projection always has some events before it; this tells it from one that doesn't move.
 */
export class LagWatch {
  readonly #watched: Applying;
  readonly #nowMs: () => number;
  #target = 0;
  #sinceMs = 0;
  #looking: NodeJS.Timeout | undefined;

  /** @param nowMs a monotonic clock in milliseconds */
  constructor(watched: Applying, nowMs: () => number = () => performance.now()) {
    this.#watched = watched;
    this.#nowMs = nowMs;
  }

  /** Looks by itself from now on, so that the time is right however seldom somebody asks. */
  start(): void {
    this.#looking ??= setInterval(() => this.behindMs(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** For readiness: how many events wait, and how long the oldest; null while that is no more than 5 s. */
  warning(): string | null {
    const behindMs = this.behindMs();
    return behindMs > warnAfterMs ? `${this.#watched.lag} events wait, for ${Math.floor(behindMs / 1000)} s` : null;
  }

  /** Milliseconds, 0 while nothing waits. Exact to the time between two calls: a head is only known from the call that saw it. */
  behindMs(): number {
    const { applied, lag } = this.#watched;
    if (lag === 0) {
      this.#target = 0;
      return 0;
    }
    if (applied >= this.#target) {
      this.#target = applied + lag;
      this.#sinceMs = this.#nowMs();
    }
    return this.#nowMs() - this.#sinceMs;
  }
}
