/** Authority time, which decisions, expiries and event times use: the wall clock plus the development clock's offset. */
export class AuthorityClock {
  readonly #wall: () => number;
  #offsetMs = 0;

  constructor(wall: () => number = Date.now) {
    this.#wall = wall;
  }

  /** Takes over the offset of a `ClockMoved`. It never shrinks, so events may arrive in any order and more than once. */
  advanceTo(offsetMs: number): void {
    this.#offsetMs = Math.max(this.#offsetMs, offsetMs);
  }

  /** Unix milliseconds of the wall clock. */
  wallMs(): number {
    return this.#wall();
  }

  /** Unix milliseconds of authority time. */
  nowMs(): number {
    return this.#wall() + this.#offsetMs;
  }

  /** RFC 3339 UTC with milliseconds. */
  now(): string {
    return new Date(this.nowMs()).toISOString();
  }
}
