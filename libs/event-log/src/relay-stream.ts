import { headers as natsHeaders, nanos, type NatsConnection } from '@nats-io/nats-core';
import { DiscardPolicy, jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { eventHeaders, eventSubject, streams, subjects } from '@tollgate/contracts';
import type { StoredEvent } from './codec.ts';
import { ensureStream, type StreamWish } from './ensure-stream.ts';
import { publishChained, type ChainedMessage } from './publish-chained.ts';

const ACK_TIMEOUT_MS = 2_000;
const DUPLICATE_WINDOW_MS = 120_000;
/** Characters of one message to the services: with escapes and headers far below what a message may have (1 MiB). */
const DELIVERY_BYTES_MAX = 200_000;

export interface RelayStreamOptions {
  readonly maxAgeMs: number;
  readonly replicas: number;
}

/** An event with its JSON, which is made once for all who get it. */
export interface OutgoingEvent {
  readonly event: StoredEvent;
  readonly text: string;
}

export const outgoing = (event: StoredEvent): OutgoingEvent => ({ event, text: JSON.stringify(event) });

/** The stream `TOLLGATE_EVENTS`: makes it, and adds events in order. */
export class RelayStream {
  private readonly nc: NatsConnection;
  private readonly js: JetStreamClient;
  private readonly options: RelayStreamOptions;
  /** The event at the end of the stream, as far as this relay knows; null after a failure. */
  private end: StoredEvent | null = null;
  /** Messages in flight at most: 1 after a failure, then doubled by each success. */
  private window = 1;

  constructor(nc: NatsConnection, options: RelayStreamOptions) {
    this.nc = nc;
    this.js = jetstream(nc, { timeout: ACK_TIMEOUT_MS });
    this.options = options;
  }

  /** Makes the stream if it is missing and sets its retention if that has changed. Throws when JetStream doesn't answer. */
  async ensure(): Promise<void> {
    const { maxAgeMs, replicas } = this.options;
    const wish = {
      name: streams.events,
      subjects: [subjects.events],
      discard: DiscardPolicy.Old,
      max_age: nanos(maxAgeMs),
      duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, maxAgeMs)),
      num_replicas: replicas,
    } satisfies StreamWish;
    this.startOver();
    const found = await ensureStream(this.js, wish);
    if (!found || (found.max_age === wish.max_age && found.num_replicas === wish.num_replicas)) return;
    const { streams: api } = await this.js.jetstreamManager(false);
    await api.update(streams.events, { ...found, ...wish });
  }

  /** How many events the next `add` takes. */
  get take(): number {
    return this.window;
  }

  /**
   * Adds events in order, see `publishChained`; true if the stream has them all. False: begin again with the first. After a
   * failure what stands at the end of the stream is unknown, so the next one goes alone. Throws when the stream takes nothing.
   */
  async add(logId: string, events: readonly OutgoingEvent[]): Promise<boolean> {
    if (events.length === 0) return true;
    const { end } = this;
    if (end && end.position !== events[0]!.event.position - 1) {
      this.startOver();
      return false;
    }
    const messages = events.map((event) => messageOf(logId, event));
    const added = await publishChained(this.nc, this.js, streams.events, messages, end?.id ?? null).catch(
      (error: unknown) => {
        this.startOver();
        throw error;
      },
    );
    if (!added) this.startOver();
    else [this.end, this.window] = [events.at(-1)!.event, Math.min(1_024, this.window * 2)];
    return added;
  }

  /**
   * To the services, which do not wait for the stream: together what goes together.
   * @param previousId the id of the event before the first; null at the beginning of the log
   */
  deliver(logId: string, events: readonly OutgoingEvent[], previousId: string | null): void {
    for (let from = 0; from < events.length;) {
      let [to, bytes] = [from, 0];
      do bytes += events[to++]!.text.length;
      while (to < events.length && bytes + events[to]!.text.length <= DELIVERY_BYTES_MAX);
      const together = events.slice(from, to);
      const texts = together.map(({ text }) => text);
      const payload = texts.length === 1 ? texts[0]! : `[${texts.join()}]`;
      const [first, last] = [together[0]!, together.at(-1)!];
      const headers = feedHeaders(logId, first.event.position - 1, last.event.position);
      const before = from === 0 ? previousId : events[from - 1]!.event.id;
      if (before !== null) headers.set(eventHeaders.previousId, before);
      this.nc.publish(subjects.feed, payload, { headers });
      from = to;
    }
  }

  private startOver(): void {
    this.end = null;
    this.window = 1;
  }
}

function feedHeaders(logId: string, previous: number, position: number) {
  const headers = natsHeaders();
  headers.set(eventHeaders.position, String(position));
  headers.set(eventHeaders.previous, String(previous));
  headers.set(eventHeaders.logId, logId);
  return headers;
}

function messageOf(logId: string, { event, text: payload }: OutgoingEvent): ChainedMessage {
  const { id, position } = event;
  const headers = feedHeaders(logId, position - 1, position);
  if (event.meta.traceparent) headers.set('traceparent', event.meta.traceparent);
  return { subject: eventSubject(event), payload, id, headers };
}
