import { headers as natsHeaders, nanos, type NatsConnection } from '@nats-io/nats-core';
import {
  DiscardPolicy,
  jetstream,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type StreamConfig,
} from '@nats-io/jetstream';
import { eventHeaders, eventSubject, streams, subjects } from '@tollgate/contracts';
import type { StoredEvent } from './codec.ts';
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
  /** The end of the stream is the event before the next one, as far as this relay knows; false after a failure. */
  private inStep = false;
  /** Messages in flight at most: 1 after a failure, then doubled by each success. */
  private window = 1;

  constructor(nc: NatsConnection, options: RelayStreamOptions) {
    this.nc = nc;
    this.js = jetstream(nc, { timeout: ACK_TIMEOUT_MS });
    this.options = options;
  }

  /** Makes the stream if it is missing and sets its retention if that has changed. Throws when JetStream doesn't answer. */
  async ensure(): Promise<void> {
    const { streams: api } = await this.js.jetstreamManager(false);
    const { maxAgeMs, replicas } = this.options;
    const config = {
      name: streams.events,
      subjects: [subjects.events],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(maxAgeMs),
      duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, maxAgeMs)),
      num_replicas: replicas,
    } satisfies Partial<StreamConfig>;
    this.startOver();
    try {
      const found = (await api.info(streams.events)).config;
      const same = found.max_age === config.max_age && found.num_replicas === config.num_replicas;
      if (!same) await api.update(streams.events, { ...found, ...config });
    } catch (error) {
      if (!isStreamMissing(error)) throw error;
      await api.add(config);
    }
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
    const previous = this.inStep ? idOf(logId, events[0]!.event.position - 1) : null;
    const messages = events.map((event) => messageOf(logId, event));
    this.inStep = await publishChained(this.nc, this.js, streams.events, messages, previous).catch((error: unknown) => {
      this.startOver();
      throw error;
    });
    if (!this.inStep) this.startOver();
    else this.window = Math.min(1_024, this.window * 2);
    return this.inStep;
  }

  /** To the services, which do not wait for the stream: together what goes together. */
  deliver(logId: string, events: readonly OutgoingEvent[]): void {
    for (let from = 0; from < events.length;) {
      let [to, bytes] = [from, 0];
      do bytes += events[to++]!.text.length;
      while (to < events.length && bytes + events[to]!.text.length <= DELIVERY_BYTES_MAX);
      const together = events.slice(from, to);
      const texts = together.map(({ text }) => text);
      const payload = texts.length === 1 ? texts[0]! : `[${texts.join()}]`;
      const [first, last] = [together[0]!, together.at(-1)!];
      const headers = feedHeaders(logId, first.event.position - 1, last.event.position);
      this.nc.publish(subjects.feed, payload, { headers });
      from = to;
    }
  }

  private startOver(): void {
    this.inStep = false;
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

const idOf = (logId: string, position: number) => `${logId}:${position}`;

function messageOf(logId: string, { event, text: payload }: OutgoingEvent): ChainedMessage {
  const { position } = event;
  const headers = feedHeaders(logId, position - 1, position);
  if (event.meta.traceparent) headers.set('traceparent', event.meta.traceparent);
  return { subject: eventSubject(event), payload, id: idOf(logId, position), headers };
}

function isStreamMissing(error: unknown): boolean {
  return (error as { name?: string }).name === 'StreamNotFoundError';
}
