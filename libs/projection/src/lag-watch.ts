/** What is watched: a `ProjectionRunner`, or anything that applies positions. */
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

  /** @param nowMs a monotonic clock in milliseconds */
  constructor(watched: Applying, nowMs: () => number = () => performance.now()) {
    this.#watched = watched;
    this.#nowMs = nowMs;
  }

  /**
   * Milliseconds, 0 while nothing waits. Exact to the time between two calls, so call it regularly: a head is only known
   * from the call that saw it.
   */
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
