import type { EventData, RecordedEvent } from '@tollgate/contracts';
import type { Replica } from './replica.ts';

/** What a verifier tells the authority: this incarnation has applied everything up to here. */
export interface Acknowledgement {
  readonly logId: string;
  readonly incarnation: string;
  readonly applied: number;
}

/** An event by its place and its name. */
export interface EventMark {
  readonly position: number;
  readonly eventId: string;
}

export interface FollowerPorts {
  /** Another one for each replica that does not go on from the one before. */
  incarnation(): string;
  acknowledge(acknowledgement: Acknowledgement): void;
  /** The development clock was moved to this authority time (Unix milliseconds). */
  clockMoved(movedToMs: number): void;
}

/** Brings a replica forward event by event, acknowledges what is applied, and wakes those who wait for a position. */
export class Follower {
  #replica: Replica;
  #last: EventMark | null = null;
  readonly #ports: FollowerPorts;
  readonly #waiters = new Set<{ position: number; wake: (reached: boolean) => void }>();

  constructor(replica: Replica, ports: FollowerPorts) {
    this.#replica = replica;
    this.#ports = ports;
  }

  get replica(): Replica {
    return this.#replica;
  }

  /** The last event that the replica holds; null before the first. */
  get last(): EventMark | null {
    return this.#last;
  }

  /**
   * Goes on with another replica: rebuilt from the same log, or empty for another log.
   * @param last the last event that it holds
   */
  follow(replica: Replica, last: EventMark | null): void {
    this.#replica = replica;
    this.#last = last;
    this.#wakeWaiters();
  }

  /**
   * Applies events in the order of the log, then acknowledges. An acknowledgement that left first would let a revoke
   * return while this replica still holds the token.
   */
  onEvents(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      this.#replica.apply(event);
      this.#last = { position: event.position, eventId: event.id };
      this.#hear(event);
    }
    this.acknowledge();
    this.#wakeWaiters();
  }

  /** What stands in the log and is no state of the replica: it is heard once, however often a replica is built anew. */
  #hear({ type, orgId, data }: RecordedEvent): void {
    if (type === 'ClockMoved') this.#ports.clockMoved(Date.parse((data as EventData<'ClockMoved'>).now));
    if (type === 'BalanceToppedUp' && orgId !== null)
      this.#replica.balances.toppedUp(orgId, (data as EventData<'BalanceToppedUp'>).amountMicros);
  }

  /** Says how far the replica is. Repeated at every wake-up of the barrier, in case the authority missed it. */
  acknowledge(): void {
    const { logId, applied } = this.#replica;
    this.#ports.acknowledge({ logId, incarnation: this.#ports.incarnation(), applied });
  }

  /** Resolves to true when the position is applied, to false when that took longer than `timeoutMs`. */
  waitFor(position: number, timeoutMs: number): Promise<boolean> {
    if (this.#replica.applied >= position) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.wake(false), timeoutMs);
      const waiter = {
        position,
        wake: (reached: boolean) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  #wakeWaiters(): void {
    const { applied } = this.#replica;
    for (const waiter of this.#waiters) if (waiter.position <= applied) waiter.wake(true);
  }
}
