/** What the authority answers to a request for a lease (operation `leases.renew`). */
export interface Grant {
  readonly logId: string;
  /** False: the log is the same one, restored to a state before what the verifier holds, and has gone on otherwise. */
  readonly sameHistory: boolean;
  readonly leaseMs: number;
  /** The head of the log, read after the lease row was committed. */
  readonly head: number;
  /** Authority time at the grant, Unix milliseconds. */
  readonly authorityTimeMs: number;
}

export type LeaseCheck =
  | { readonly ok: true; readonly remainingMs: number }
  | { readonly ok: false; readonly remainingMs: 0; readonly reason: 'no-lease' | 'behind' };

interface HeldGrant {
  readonly askedAt: number;
  readonly endsAt: number;
  readonly head: number;
}

const noLease: LeaseCheck = Object.freeze({ ok: false, remainingMs: 0, reason: 'no-lease' });
const behind: LeaseCheck = Object.freeze({ ok: false, remainingMs: 0, reason: 'behind' });

/**
 * A verifier's lease (after Gray and Cheriton, 1989), as a state machine: every time is a parameter, in milliseconds of one
 * monotonic clock.
 *
 * A grant is usable once `applied` has reached its head. Until then the grant before it stays usable for its own time:
 * to the authority the new grant then looks like a reply that was still on its way. So a busy log does not interrupt a healthy
 * verifier at each renewal.
 */
export class Lease {
  /** Newest first; at most as many as there are renewals within one lease. */
  #held: readonly HeldGrant[] = [];
  #closed = false;

  /**
   * A grant has arrived for the request that left after `askedAt`. It ends at `askedAt + leaseMs`: the authority commits
   * the lease later than that, so the lease ends here before it ends there.
   */
  granted(askedAt: number, grant: Pick<Grant, 'leaseMs' | 'head'>): void {
    if (this.#closed) return;
    const added = { askedAt, endsAt: askedAt + grant.leaseMs, head: grant.head };
    this.#held = [...this.#held, added].filter((held) => held.endsAt > askedAt).sort((a, b) => b.askedAt - a.askedAt);
  }

  /** Whether an answer may leave now. The last thing to look at before it does. */
  check(now: number, applied: number): LeaseCheck {
    let running = false;
    for (const held of this.#held) {
      if (held.endsAt <= now) continue;
      if (held.head <= applied) return { ok: true, remainingMs: held.endsAt - now };
      running = true;
    }
    return running ? behind : noLease;
  }

  /** Forgets every grant: they belong to another log. */
  drop(): void {
    this.#held = [];
  }

  /** Stops accepting for good, before the lease is given back; grants that still arrive change nothing. */
  close(): void {
    this.#closed = true;
    this.#held = [];
  }
}
