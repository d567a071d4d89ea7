import type { RecordedTollgateEvent } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';

const eventsMax = 20_000;

/** A log of which the events that this process has just written are still in memory. The others are read. */
export class RecentEvents implements EventSource {
  readonly #log: EventSource;
  readonly #events = new Map<number, RecordedTollgateEvent>();

  constructor(log: EventSource) {
    this.#log = log;
  }

  add(events: readonly RecordedTollgateEvent[]): void {
    for (const event of events) this.#events.set(event.position, event);
    for (const position of this.#events.keys()) {
      if (this.#events.size <= eventsMax) return;
      this.#events.delete(position);
    }
  }

  /** What was written may be in the log no more. */
  forget(): void {
    this.#events.clear();
  }

  logId(): Promise<string> {
    return this.#log.logId();
  }

  head(): Promise<number> {
    return this.#log.head();
  }

  async read(after: number, limit: number): Promise<RecordedTollgateEvent[]> {
    const found: RecordedTollgateEvent[] = [];
    for (
      let event = this.#events.get(after + 1);
      event && found.length < limit;
      event = this.#events.get(event.position + 1)
    )
      found.push(event);
    return found.length > 0 ? found : this.#log.read(after, limit);
  }
}
