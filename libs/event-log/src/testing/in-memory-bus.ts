import { eventHeaders, subjects, type RecordedTollgateEvent } from '@tollgate/contracts';
import type { FeedBus, FeedMessage } from '../feed.ts';
import type { InMemoryEventLog } from '../in-memory-event-log.ts';

/** A bus in memory: what is sent reaches the subscribers of that moment, in the same turn. */
export class InMemoryBus implements FeedBus {
  private readonly subscribers = new Set<{ subject: string; onMessage: (message: FeedMessage) => void }>();

  subscribe(subject: string, onMessage: (message: FeedMessage) => void): () => void {
    const subscriber = { subject, onMessage };
    this.subscribers.add(subscriber);
    return () => void this.subscribers.delete(subscriber);
  }

  /** Sends an event, or several of adjacent positions together, without the id of the one before. */
  sendEvent(logId: string, ...events: readonly RecordedTollgateEvent[]): void {
    this.sendAfter(undefined, logId, ...events);
  }

  /** Sends events as the relay does: they name the one before them. */
  sendAfter(previousId: string | undefined, logId: string, ...events: readonly RecordedTollgateEvent[]): void {
    const [first, last] = [events[0]!, events.at(-1)!];
    const values: Record<string, string> = {
      [eventHeaders.position]: String(last.position),
      [eventHeaders.previous]: String(first.position - 1),
      [eventHeaders.logId]: logId,
      ...(previousId !== undefined && { [eventHeaders.previousId]: previousId }),
    };
    this.send(subjects.feed, {
      subject: subjects.feed,
      headers: { get: (name) => values[name] ?? '' },
      data: Buffer.from(JSON.stringify(events.length === 1 ? first : events)),
    });
  }

  /** Announces a head as the relay does. */
  announceHead(logId: string, head: number): void {
    this.send(subjects.heads, { subject: subjects.heads, data: Buffer.from(JSON.stringify({ logId, head })) });
  }

  /** Subscribers right now. */
  get size(): number {
    return this.subscribers.size;
  }

  private send(subject: string, message: FeedMessage): void {
    for (const subscriber of this.subscribers) if (subscriber.subject === subject) subscriber.onMessage(message);
  }
}

/** A bus that carries what is appended to a log in memory, at once and in order. */
export async function busOf(log: InMemoryEventLog): Promise<InMemoryBus> {
  const bus = new InMemoryBus();
  const logId = await log.logId();
  log.onAppended((events) => {
    for (const event of events) bus.sendEvent(logId, event);
  });
  return bus;
}
