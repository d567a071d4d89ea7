import { randomBytes } from 'node:crypto';
import type { RebuildReport } from '@tollgate/contracts';
import { Feed } from '@tollgate/event-log';
import { createLogger, meter } from '@tollgate/telemetry';
import {
  BalanceView,
  type EventMark,
  Follower,
  LeaseKeeper,
  Replica,
  Verifier,
  type SnapshotPage,
} from '@tollgate/verifier';
import type { Authority } from './authority.ts';
import { compareReplicas, replay } from './rebuild.ts';

const logger = createLogger('replica');
const retryMs = 250;
/** Events for each turn of the event loop, so that verifications go on during a long catch-up. */
const batchMax = 1000;

/** The log before any is known: nothing holds, and no lease can be for it. */
const noLog = '';

/** How far the replica is, for readiness. */
export interface ReplicaState {
  readonly bootstrapped: boolean;
  readonly applied: number;
  /** Where the log stood when the replica began to read it, or null while it cannot be read. */
  readonly bootstrapHead: number | null;
  readonly lease: ReturnType<LeaseKeeper['check']>;
  readonly trouble: Error | undefined;
}

/**
 * Holds the parts of a verifier together: takes a snapshot, follows the feed of the log from there, keeps the lease once it has caught
 * up, and begins again when the log turns out to be another one.
 */
export class VerifierHost {
  readonly verifier: Verifier;
  readonly #authority: Authority;
  /** Random for each process: decisions and reports are bound to it. */
  readonly incarnation = newIncarnation();
  /** Leases and acknowledgements are bound to this one: what was said of one history of the log counts for no other. */
  #leaseholder = newIncarnation();
  readonly #balances = new BalanceView();
  readonly #follower: Follower;
  readonly #keeper: LeaseKeeper;
  #feed: Feed | null = null;
  #bootstrapHead: number | null = null;
  #bootstrapped = false;
  #stopped = false;
  /** Resolves when events may be applied again; a rebuild holds them back while it compares. */
  #mayApply: Promise<void> = Promise.resolve();
  #rebuild: Promise<RebuildReport> | null = null;
  #endBarrier: (() => void) | null = null;
  #endBalances: (() => void) | null = null;

  constructor(authority: Authority) {
    this.#authority = authority;
    const clock = () => performance.now();
    this.#follower = new Follower(new Replica(noLog, this.#balances), {
      incarnation: () => this.#leaseholder,
      acknowledge: (acknowledgement) => authority.acknowledge(acknowledgement),
      clockMoved: (movedToMs) => this.#keeper.authorityClock.moved(clock(), movedToMs),
    });
    this.#keeper = new LeaseKeeper({
      clock,
      renew: () => authority.renewLease(this.#leaseholder, this.#follower.last),
      giveBack: () => authority.returnLease(this.#leaseholder),
      logId: () => this.#follower.replica.logId,
      // A reply may still come while the next log is looked up.
      onOtherLog: (logId) => {
        if (this.#feed) this.#beginAgain(`the authority grants leases for the log ${logId} as it is now`);
      },
      onRenewal: logRenewals(),
    });
    this.verifier = new Verifier(this.#follower, this.#keeper, this.incarnation, {
      clock,
      primaryHead: () => authority.primaryHead(),
      noteHead: (position) => this.#feed?.noteHead(position),
    });
    meter
      .createObservableGauge('tollgate_lease_remaining_ms', { description: 'What is left of the lease; 0 without one' })
      .addCallback((result) => result.observe(this.state().lease.remainingMs));
  }

  state(): ReplicaState {
    const { applied } = this.#follower.replica;
    return {
      bootstrapped: this.#bootstrapped,
      applied,
      bootstrapHead: this.#bootstrapHead,
      lease: this.#keeper.check(applied),
      trouble: this.#feed?.trouble,
    };
  }

  /** The authority's time, Unix milliseconds; the wall clock's before the authority was heard. */
  authorityTimeMs(): number {
    const timeMs = this.#keeper.authorityClock.at(performance.now());
    return Number.isFinite(timeMs) ? timeMs : Date.now();
  }

  /** Begins in the background: `state()` says how far it is. */
  start(): void {
    this.#endBarrier = this.#authority.onBarrier(({ logId, position }) => {
      if (logId !== this.#follower.replica.logId) return;
      this.#feed?.noteHead(position);
      this.#follower.acknowledge();
    });
    this.#endBalances = this.#authority.onBalances((report) => this.#balances.update(report));
    void this.#begin();
  }

  /** Once no request is in flight any more: stops accepting, then gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endBarrier?.();
    this.#endBalances?.();
    await this.#keeper.leave().catch((error: unknown) => {
      logger.warn({ err: error }, 'the lease could not be given back; it ends by itself');
    });
    await this.#feed?.stop();
  }

  /** Reads the log into a second replica, compares it with the running one at the same position, and goes on with it. */
  rebuild(): Promise<RebuildReport> {
    this.#rebuild ??= this.#rebuildOnce().finally(() => {
      this.#rebuild = null;
    });
    return this.#rebuild;
  }

  async #begin(): Promise<void> {
    while (!this.#stopped) {
      try {
        const { logId, head } = await this.#authority.primaryHead();
        const replica = new Replica(logId, this.#balances);
        await this.#load(replica);
        return this.#follow(replica, head, await this.#lastOf(replica));
      } catch (error) {
        logger.warn({ err: error }, 'the snapshot cannot be read yet');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Asks for the next page while the replica takes one. Throws for a page of another log. */
  async #load(replica: Replica): Promise<void> {
    let next: Promise<SnapshotPage> | null = this.#authority.snapshot(null);
    while (next && !this.#stopped) {
      const page: SnapshotPage = await next;
      next = page.next && this.#authority.snapshot(page.next);
      // Awaited above, unless the replica refuses this page.
      next?.catch(() => {});
      replica.load(page);
    }
  }

  /** What the log holds at the position up to which the snapshot goes. */
  async #lastOf({ applied }: Replica): Promise<EventMark | null> {
    if (applied === 0) return null;
    const [event] = await this.#authority.source.read(applied - 1, 1);
    if (event?.position !== applied) throw new Error(`the log holds no event at ${applied}, where the snapshot ends`);
    return { position: applied, eventId: event.id };
  }

  #follow(replica: Replica, head: number, last: EventMark | null): void {
    if (this.#stopped) return;
    const { logId } = replica;
    this.#follower.follow(replica, last);
    this.#bootstrapHead = head;
    const feed = new Feed({
      name: 'credentials',
      source: this.#authority.source,
      bus: this.#authority.feedBus,
      from: replica.applied,
      ...(last ? { fromId: last.eventId } : {}),
      logId,
      batchMax,
      onEvents: async (events) => {
        await this.#mayApply;
        if (this.#feed !== feed) return;
        this.#follower.onEvents(events);
        this.#leaseOnceBootstrapped();
        // Verifications and renewals have their turn between two batches.
        await new Promise(setImmediate);
      },
      onLogChanged: (error) => {
        if (this.#feed === feed) this.#beginAgain(error.message);
      },
    });
    this.#feed = feed;
    feed.start();
    this.#leaseOnceBootstrapped();
  }

  /** Before it has caught up, a verifier asks for no lease: every narrowing change would wait for it. */
  #leaseOnceBootstrapped(): void {
    const { applied, consistentFrom } = this.#follower.replica;
    if (this.#bootstrapped || this.#bootstrapHead === null || this.#stopped) return;
    if (applied < Math.max(this.#bootstrapHead, consistentFrom)) return;
    this.#bootstrapped = true;
    logger.info({ applied, tokens: this.#follower.replica.tokens.size }, 'the replica has caught up');
    this.#keeper.start();
  }

  /** Another log: nothing that was held or learned from the old one counts any more. */
  #beginAgain(why: string): void {
    logger.error({ why }, 'the log is another one: everything is dropped and read again');
    this.#keeper.drop();
    this.#follower.follow(new Replica(noLog, this.#balances), null);
    this.#leaseholder = newIncarnation();
    this.#bootstrapped = false;
    this.#bootstrapHead = null;
    const feed = this.#feed;
    this.#feed = null;
    void feed?.stop();
    void this.#begin();
  }

  async #rebuildOnce(): Promise<RebuildReport> {
    const live = this.#follower.replica;
    const rebuilt = new Replica(live.logId, this.#balances);
    const { source } = this.#authority;
    await replay(source, rebuilt, () => live.applied);
    // From here on the running replica stands still. Verifications go on; a narrowing change waits, as for any slow verifier.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mayApply = promise;
    try {
      // A batch that passed the line above before this one is applied by now.
      await new Promise(setImmediate);
      await replay(source, rebuilt, () => live.applied);
      const report = await compareReplicas(live, rebuilt);
      if (this.#follower.replica === live) this.#follower.follow(rebuilt, this.#follower.last);
      return report;
    } finally {
      resolve();
    }
  }
}

const newIncarnation = () => randomBytes(16).toString('hex');

/** One line when renewals begin to fail, one when they work again. */
function logRenewals(): (error: unknown) => void {
  let failing = false;
  return (error) => {
    if (error && !failing) logger.warn({ err: error }, 'the lease cannot be renewed');
    if (!error && failing) logger.info('the lease is renewed again');
    failing = Boolean(error);
  };
}
