import { headers as natsHeaders, nanos, type NatsConnection } from '@nats-io/nats-core';
import {
  DiscardPolicy,
  jetstream,
  PubHeaders,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type StreamConfig,
} from '@nats-io/jetstream';
import { eventHeaders, eventSubject, streams, subjects } from '@tollgate/contracts';
import type { StoredEvent } from './codec.ts';

const ACK_TIMEOUT_MS = 2_000;
const DUPLICATE_WINDOW_MS = 120_000;
/** `wrong last msg ID`: something else stands at the end of the stream than the message before. */
const WRONG_LAST_MSG_ID = 10_070;

export interface RelayStreamOptions {
  readonly maxAgeMs: number;
  readonly replicas: number;
}

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
   * Adds events in order and returns how many of them, from the first, were acknowledged. Each names the message before it,
   * so that the stream refuses the rest after one that failed: never a later event before an earlier. Only the first after
   * a failure names none, because what stands at the end of the stream is unknown then.
   * Throws the first error if not even one was acknowledged.
   */
  async add(logId: string, events: readonly StoredEvent[]): Promise<number> {
    const acknowledgements = await Promise.allSettled(
      events.map((event, index) => {
        const { subject, payload, headers } = messageOf(logId, event);
        if (index === 0 && !this.inStep) headers.delete(PubHeaders.ExpectedLastMsgIdHdr);
        return this.js.publish(subject, payload, { headers, expect: { streamName: streams.events } });
      }),
    );
    const failed = acknowledgements.findIndex(({ status }) => status === 'rejected');
    const added = failed === -1 ? events.length : failed;
    if (failed === -1) {
      this.inStep = true;
      this.window = Math.min(1_024, this.window * 2);
      return added;
    }
    const { reason } = acknowledgements[failed] as PromiseRejectedResult;
    const expectedWrongly = this.inStep && (reason as { code?: unknown }).code === WRONG_LAST_MSG_ID;
    this.startOver();
    if (added > 0 || expectedWrongly) return added;
    throw reason;
  }

  /** To the services, which do not wait for the stream. */
  deliver(logId: string, events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.nc.publish(subjects.feed, JSON.stringify(event), { headers: feedHeaders(logId, event) });
    }
  }

  private startOver(): void {
    this.inStep = false;
    this.window = 1;
  }
}

function feedHeaders(logId: string, { position }: StoredEvent) {
  const headers = natsHeaders();
  headers.set(eventHeaders.position, String(position));
  headers.set(eventHeaders.previous, String(position - 1));
  headers.set(eventHeaders.logId, logId);
  return headers;
}

function messageOf(logId: string, event: StoredEvent) {
  const headers = feedHeaders(logId, event);
  headers.set(PubHeaders.MsgIdHdr, `${logId}:${event.position}`);
  headers.set(PubHeaders.ExpectedLastMsgIdHdr, `${logId}:${event.position - 1}`);
  if (event.meta.traceparent) headers.set('traceparent', event.meta.traceparent);
  return { subject: eventSubject(event), payload: JSON.stringify(event), headers };
}

function isStreamMissing(error: unknown): boolean {
  return (error as { name?: string }).name === 'StreamNotFoundError';
}
