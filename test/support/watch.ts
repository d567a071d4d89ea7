import { expect } from '@jest/globals';
import { type Answer, request } from './api.ts';
import { eventually } from './eventually.ts';

/** A way to ask one verifier, or whichever answers. Rejects when no answer comes. */
export type Door = (token: string, wishes: object) => Promise<Answer>;

/** One verifier over HTTP. */
export const httpDoor =
  (url: string, authorization: string): Door =>
  (token, wishes) =>
    request(`${url}/v1/verify`, 'POST', { token, ...wishes }, { authorization });

interface Watched {
  readonly secret: string;
  readonly wishes: object;
  /** When the call that took the access away returned; Infinity before. */
  narrowedMs: number;
  /** Verifications by door that were accepted, or answered otherwise after the narrowing. */
  readonly accepted: Map<string, number>;
  readonly refusedAfter: Map<string, number>;
}

/** How many of the newest tokens are asked about in turn. */
const inTurn = 4;

/**
 * Asks all doors about tokens without a pause, and notes every verification that began after the call that took the access
 * away had returned and was accepted all the same. Times are of this process's monotonic clock: a verification begins
 * before its request leaves, and a call has returned when its answer has been read.
 */
export class Watch {
  readonly violations: string[] = [];
  readonly #doors: ReadonlyMap<string, Door>;
  readonly #watched: Watched[] = [];
  readonly #workers: Promise<void>[];
  #stopped = false;

  constructor(doors: Readonly<Record<string, Door>>, workersPerDoor = 2) {
    this.#doors = new Map(Object.entries(doors));
    this.#workers = [...this.#doors.keys()].flatMap((door) =>
      Array.from({ length: workersPerDoor }, (_, worker) => this.#work(door, worker)),
    );
  }

  /** From now on the doors are asked about this secret; returns once every one of `doors` has accepted it. */
  async see(secret: string, wishes: object = {}, doors: readonly string[] = [...this.#doors.keys()]): Promise<Watched> {
    const watched: Watched = {
      secret,
      wishes,
      narrowedMs: Number.POSITIVE_INFINITY,
      accepted: new Map(),
      refusedAfter: new Map(),
    };
    this.#watched.push(watched);
    await eventually(() => expect(doors.filter((door) => !watched.accepted.has(door))).toEqual([]));
    return watched;
  }

  /**
   * Takes the access away by `narrow`, and asks each of `doors` at the very moment that it has returned.
   * Returns what `narrow` answered and how long it took.
   */
  async narrow<T>(watched: Watched, narrow: () => Promise<T>, doors: readonly string[] = [...this.#doors.keys()]) {
    const startedMs = performance.now();
    const result = await narrow();
    watched.narrowedMs = performance.now();
    await Promise.all(doors.map((door) => this.#ask(door, watched)));
    return { result, tookMs: watched.narrowedMs - startedMs };
  }

  /** Returns once each of `doors` has answered so many times, without accepting, what was asked after the narrowing. */
  async seeRefused(watched: Watched, count: number, doors: readonly string[] = [...this.#doors.keys()]): Promise<void> {
    await eventually(() => {
      for (const door of doors) expect(watched.refusedAfter.get(door) ?? 0).toBeGreaterThanOrEqual(count);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async #work(door: string, worker: number): Promise<void> {
    for (let turn = worker; !this.#stopped; turn += 1) {
      const recent = this.#watched.slice(-inTurn);
      const watched = recent[turn % inTurn] ?? recent[0];
      if (watched) await this.#ask(door, watched);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #ask(door: string, watched: Watched): Promise<void> {
    const beganMs = performance.now();
    const answer = await (this.#doors.get(door) as Door)(watched.secret, watched.wishes).catch(() => undefined);
    if (!answer) return new Promise((resolve) => setTimeout(resolve, 20));
    const began = beganMs > watched.narrowedMs ? 'after' : 'before';
    const isAccepted = answer.status === 200 && answer.body.valid === true;
    if (isAccepted) watched.accepted.set(door, (watched.accepted.get(door) ?? 0) + 1);
    if (began === 'before') return;
    if (!isAccepted) watched.refusedAfter.set(door, (watched.refusedAfter.get(door) ?? 0) + 1);
    else {
      const lateMs = Math.round((beganMs - watched.narrowedMs) * 10) / 10;
      this.violations.push(`${door} accepted what began ${lateMs} ms after: ${JSON.stringify(answer.body)}`);
    }
  }
}
