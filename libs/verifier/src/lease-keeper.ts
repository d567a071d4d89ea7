import { AuthorityClock } from './authority-clock.ts';
import { Lease, type Grant, type LeaseCheck } from './lease.ts';

export interface LeaseKeeperPorts {
  /** Monotonic milliseconds. Never the wall clock. */
  clock(): number;
  /** Asks the authority (`leases.renew`). Rejects when it can't be reached, or after `leaseMs` at the latest. */
  renew(): Promise<Grant>;
  /** Tells the authority that this incarnation accepts nothing any more (`leases.return`). */
  giveBack(): Promise<void>;
  /** The log of the replica as it stands. */
  logId(): string;
  /** The authority grants leases for another log, or for another history of this one: all that was held is worthless. */
  onOtherLog(logId: string): void;
  /** The outcome of each renewal; for logs and metrics. */
  onRenewal?(error: unknown): void;
}

/** Keeps a verifier's lease: asks for it at a steady pace while it runs, gives it back when it stops. */
export class LeaseKeeper {
  readonly lease = new Lease();
  readonly authorityClock = new AuthorityClock();
  readonly #ports: LeaseKeeperPorts;
  readonly #renewEveryMs: number;
  readonly #inFlight = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  /** Counts what was dropped: a grant that was asked for before belongs to nobody. */
  #drops = 0;

  constructor(ports: LeaseKeeperPorts, options: { renewEveryMs?: number } = {}) {
    this.#ports = ports;
    this.#renewEveryMs = options.renewEveryMs ?? 500;
  }

  /** Asks now, and then every `renewEveryMs`, whether or not earlier answers have come: one lost answer costs one renewal. */
  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#renewInBackground(), this.#renewEveryMs);
    this.#renewInBackground();
  }

  /** Stops asking and forgets what was granted. `start` begins anew. */
  drop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#drops += 1;
    this.lease.drop();
    this.authorityClock.drop();
  }

  /**
   * One renewal. The time is taken before the request leaves, because the authority may commit the lease at any moment
   * after that.
   */
  async renew(): Promise<void> {
    const drops = this.#drops;
    const askedAt = this.#ports.clock();
    const grant = await this.#ports.renew();
    if (drops !== this.#drops) return;
    if (grant.logId !== this.#ports.logId() || !grant.sameHistory) {
      this.#ports.onOtherLog(grant.logId);
      return;
    }
    this.authorityClock.granted(askedAt, grant.authorityTimeMs);
    this.lease.granted(askedAt, grant);
  }

  /** Whether an answer may leave now, for a replica that has applied this position. */
  check(applied: number): LeaseCheck {
    return this.lease.check(this.#ports.clock(), applied);
  }

  /**
   * A clean shutdown: stops accepting, then gives the lease back. The other order would let a revoke return
   * while this verifier still accepts. A renewal under way is awaited first, or its row would outlive the process.
   */
  async leave(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.lease.close();
    await Promise.allSettled(this.#inFlight);
    await this.#ports.giveBack();
  }

  #renewInBackground(): void {
    const renewal: Promise<void> = this.renew()
      .then(
        () => this.#ports.onRenewal?.(null),
        (error: unknown) => this.#ports.onRenewal?.(error),
      )
      .finally(() => this.#inFlight.delete(renewal));
    this.#inFlight.add(renewal);
  }
}
