import type { BalanceReport } from '@tollgate/contracts';
import type { EventSource, FeedBus } from '@tollgate/event-log';
import type { Acknowledgement, EventMark, Grant, PrimaryHead, SnapshotPage } from '@tollgate/verifier';

/** The authority (token-command) as a verifier sees it. Calls reject when it cannot be reached in time. */
export interface Authority {
  /** The main log, read page by page, and its feed. */
  readonly source: EventSource;
  readonly feedBus: FeedBus;
  /** The page of a snapshot after a place; the first after null. */
  snapshot(after: SnapshotPage['next']): Promise<SnapshotPage>;
  primaryHead(): Promise<PrimaryHead>;
  renewLease(incarnation: string, applied: EventMark | null): Promise<Grant>;
  returnLease(incarnation: string): Promise<void>;
  /** Sent at most once, and not at all while disconnected: the authority asks again, or waits for the lease to end. */
  acknowledge(acknowledgement: Acknowledgement): void;
  /** A narrowing change waits for this position of that log. Returns a function that ends the subscription. */
  onBarrier(listener: (wake: { logId: string; position: number }) => void): () => void;
  /** Balances as billing-meter publishes them, all of them soon after this call. Returns a function that ends the subscription. */
  onBalances(listener: (report: BalanceReport) => void): () => void;
}
