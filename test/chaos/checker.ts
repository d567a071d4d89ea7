/** A secret in one use (`wishes`), and when a call that took it away first returned. */
export interface Watched {
  readonly kind: string;
  readonly secret: string;
  readonly wishes: Readonly<Record<string, unknown>>;
  /** On the monotonic clock of this process; Infinity before. */
  returnedMs: number;
  accepted: number;
}

export interface Violation {
  readonly kind: string;
  readonly door: string;
  /** How long after the return the verification began. */
  readonly lateMs: number;
}

/** What a verifier said: a decision, or none (UNDECIDABLE, or no answer). */
export type Outcome = 'accepted' | 'refused' | 'undecided';

/** Of tokens that were narrowed, this many stay among those that verifiers are asked about. */
const narrowedKept = 60;

/**
 * The one judge. A verification begins before its request leaves, and a narrowing call has returned when its answer has been
 * read, both on the monotonic clock of this process: one that began after the return and was accepted is a violation.
 */
export class Checker {
  readonly violations: Violation[] = [];
  readonly outcomes: Record<Outcome, number> = { accepted: 0, refused: 0, undecided: 0 };
  /** Verifications that began after the return, and how they ended. */
  readonly after: Record<Outcome, number> = { accepted: 0, refused: 0, undecided: 0 };
  readonly #live = new Set<Watched>();
  readonly #narrowed: Watched[] = [];

  watch(kind: string, secret: string, wishes: Watched['wishes'] = {}): Watched {
    const watched = { kind, secret, wishes, returnedMs: Number.POSITIVE_INFINITY, accepted: 0 };
    this.#live.add(watched);
    return watched;
  }

  /** A call that narrowed it has returned just now. Further returns change nothing. */
  returned(watched: Watched): void {
    if (watched.returnedMs < Number.POSITIVE_INFINITY) return;
    watched.returnedMs = performance.now();
    this.#live.delete(watched);
    this.#narrowed.push(watched);
    if (this.#narrowed.length > narrowedKept) this.#narrowed.shift();
  }

  verified(watched: Watched, door: string, beganMs: number, outcome: Outcome): void {
    this.outcomes[outcome] += 1;
    if (outcome === 'accepted') watched.accepted += 1;
    if (beganMs <= watched.returnedMs) return;
    this.after[outcome] += 1;
    if (outcome === 'accepted') {
      this.violations.push({ kind: watched.kind, door, lateMs: Math.round(beganMs - watched.returnedMs) });
    }
  }

  get verifications(): number {
    return this.outcomes.accepted + this.outcomes.refused + this.outcomes.undecided;
  }

  /** What to ask about now: all that still holds, and what was narrowed last. */
  get asked(): readonly Watched[] {
    return [...this.#live, ...this.#narrowed];
  }
}
