import { billingEventTypes, billingUpcasts, subjects, type RecordedBillingEvent } from '@tollgate/contracts';
import type { FeedBus, FeedMessage, LogDefinition } from '@tollgate/event-log';

/** The log of lines, statements and charges, which this service alone writes. */
export const billingLog: LogDefinition = {
  schema: 'billing_log',
  catalogue: billingEventTypes,
  upcasts: billingUpcasts,
  personal: false,
};

/** Events read from the billing log: the library names those of the main log. */
export function asBillingEvents(events: readonly { readonly type: string }[]): readonly RecordedBillingEvent[] {
  return events as readonly RecordedBillingEvent[];
}

/**
 * What a feed of the billing log listens to. Nobody relays that log over NATS: this process tells of what it commits, and
 * what other processes commit is found by asking the log.
 */
export class CommitBus implements FeedBus {
  readonly #listeners = new Set<(message: FeedMessage) => void>();

  subscribe(subject: string, onMessage: (message: FeedMessage) => void): () => void {
    if (subject !== subjects.heads) return () => undefined;
    this.#listeners.add(onMessage);
    return () => void this.#listeners.delete(onMessage);
  }

  announce(logId: string, head: number): void {
    const data = Buffer.from(JSON.stringify({ logId, head }));
    for (const listener of this.#listeners) listener({ subject: subjects.heads, data });
  }
}
