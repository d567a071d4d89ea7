const everyMs = 20;
/** A timer that comes this much later than it should: the machine had other work. */
const lateMs = 30;

/** Notes when this process did not get its turn, so that a starved machine is not taken for a slow barrier. */
export class Stalls {
  readonly #gaps: [number, number][] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#last > everyMs + lateMs) this.#gaps.push([this.#last + everyMs, now]);
      this.#last = now;
    }, everyMs);
  }

  /** How many milliseconds of this time were lost. */
  within(fromMs: number, toMs: number): number {
    return this.#gaps.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs)), 0);
  }

  get longestMs(): number {
    return Math.max(0, ...this.#gaps.map(([from, to]) => to - from));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
