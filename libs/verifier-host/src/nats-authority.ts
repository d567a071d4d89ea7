import { hostname } from 'node:os';
import {
  leasesRenew,
  leasesReturn,
  logRead,
  replicaSnapshot,
  subjects,
  type AnyOperation,
  type BalanceReport,
  type OutputOf,
  type RequestOf,
} from '@tollgate/contracts';
import { BusEventSource, natsFeedBus, type EventSource, type FeedBus } from '@tollgate/event-log';
import { createLogger } from '@tollgate/telemetry';
import type { Acknowledgement, EventMark, Grant, PrimaryHead, SnapshotPage } from '@tollgate/verifier';
import type { Authority } from './authority.ts';

const logger = createLogger('authority');
/** An answer that takes longer would bring a lease that is over, or keep a strict request waiting. */
const answerMs = 2000;

/** What it needs of a connection: `Bus` of `@tollgate/bus` has it, and whoever embeds a verifier can bring another. */
export interface AuthorityClient {
  readonly nc: Parameters<typeof natsFeedBus>[0];
  readonly connected: boolean;
  call<Op extends AnyOperation>(
    operation: Op,
    input: RequestOf<Op>,
    options?: { readonly timeoutMs?: number },
  ): Promise<OutputOf<Op>>;
}

/** The authority over NATS. */
export class NatsAuthority implements Authority {
  readonly source: EventSource;
  readonly feedBus: FeedBus;
  readonly #bus: AuthorityClient;
  /** For people who read the list of leases; the incarnation is what counts. */
  readonly #verifier = `${hostname().slice(0, 80)}:${process.pid}`;

  constructor(bus: AuthorityClient) {
    this.#bus = bus;
    this.source = new BusEventSource((input) => bus.call(logRead, input));
    this.feedBus = natsFeedBus(bus.nc);
  }

  snapshot(after: SnapshotPage['next']): Promise<SnapshotPage> {
    return this.#bus.call(replicaSnapshot, { after });
  }

  primaryHead(): Promise<PrimaryHead> {
    return this.#bus.call(logRead, { after: 0, limit: 0 }, { timeoutMs: answerMs });
  }

  renewLease(incarnation: string, applied: EventMark | null): Promise<Grant> {
    return this.#bus.call(leasesRenew, { incarnation, verifier: this.#verifier, applied }, { timeoutMs: answerMs });
  }

  async returnLease(incarnation: string): Promise<void> {
    await this.#bus.call(leasesReturn, { incarnation }, { timeoutMs: answerMs });
  }

  acknowledge(acknowledgement: Acknowledgement): void {
    if (this.#bus.connected) this.#bus.nc.publish(subjects.barrierAck, JSON.stringify(acknowledgement));
  }

  onBarrier(listener: (wake: { logId: string; position: number }) => void): () => void {
    return this.#listen(subjects.barrierWake, listener);
  }

  onBalances(listener: (report: BalanceReport) => void): () => void {
    const end = this.#listen(subjects.balances, listener);
    if (this.#bus.connected) this.#bus.nc.publish(subjects.balancesAsk);
    return end;
  }

  #listen<T>(subject: string, listener: (message: T) => void): () => void {
    const subscription = this.#bus.nc.subscribe(subject, {
      callback: (refused, message) => {
        try {
          if (!refused) listener(message.json<T>());
        } catch (error) {
          logger.warn({ err: error, subject }, 'a message could not be read');
        }
      },
    });
    return () => subscription.unsubscribe();
  }
}
