/**
 * The authority's time, which expiries are compared with, carried forward on the verifier's monotonic clock (milliseconds).
 *
 * It is ahead of the authority by at most the journey of a grant and never behind it by more than the two clocks drift
 * apart between two grants, so a token expires a moment early rather than late.
 */
export class AuthorityClock {
  /** Authority time minus monotonic time. */
  #grantedOffsetMs = -Infinity;
  #grantedAt = -Infinity;
  #movedOffsetMs = -Infinity;

  /** The authority read this time (Unix milliseconds) after `askedAt`. Older answers than the newest are ignored. */
  granted(askedAt: number, authorityTimeMs: number): void {
    if (askedAt <= this.#grantedAt) return;
    this.#grantedAt = askedAt;
    this.#grantedOffsetMs = authorityTimeMs - askedAt;
  }

  /** The development clock was moved: from here on the authority's time is at least `movedToMs`. */
  moved(now: number, movedToMs: number): void {
    this.#movedOffsetMs = Math.max(this.#movedOffsetMs, movedToMs - now);
  }

  /** Authority time in Unix milliseconds; -Infinity before anything was heard of it. */
  at(now: number): number {
    return now + Math.max(this.#grantedOffsetMs, this.#movedOffsetMs);
  }

  /** Forgets all: it was the time of another log. */
  drop(): void {
    this.#grantedOffsetMs = this.#grantedAt = this.#movedOffsetMs = -Infinity;
  }
}
