import type { Bus } from '@tollgate/bus';
import { eventHeaders, subjects, type TollgateEvent } from '@tollgate/contracts';
import { EventAppender, Relay, storedEvent, type EventRow } from '@tollgate/event-log';
import type { TestDatabase } from '@tollgate/event-log/testing';
import { headers as createHeaders } from '@nats-io/transport-node';

/** One or more events of one stream. */
export interface TestAppend {
  readonly orgId: string | null;
  /** `token-tok_…` */
  readonly stream: string;
  readonly at: string;
  readonly events: readonly TollgateEvent[];
  /** Who did it, and the id of the request; by default the operator, without a request. */
  readonly actor?: { readonly type: 'account' | 'operator'; readonly id: string };
  readonly requestId?: string;
  readonly traceparent?: string;
}

/** The main log as its owner, token-command, writes and publishes it. */
export class TestLog {
  readonly #db: TestDatabase;
  readonly #authority: () => Promise<Bus>;
  readonly #appender: EventAppender;
  readonly #versions = new Map<string, number>();
  #relay: Relay | undefined;

  constructor(db: TestDatabase, authority: () => Promise<Bus>) {
    this.#db = db;
    this.#authority = authority;
    this.#appender = new EventAppender({ url: db.url('token-command'), onCommitted: () => this.#relay?.wake() });
  }

  /** Appends to the stream wherever it ends. Returns the position of the last event. */
  async append({ orgId, stream, at, events, ...who }: TestAppend): Promise<number> {
    const expectedVersion = this.#versions.get(stream) ?? 0;
    const requestId = who.requestId ?? null;
    const result = await this.#appender.append({
      stream,
      expectedVersion,
      orgId,
      events,
      at,
      meta: {
        actor: who.actor ?? { type: 'operator', id: 'operator' },
        correlationId: requestId ?? 'test',
        causationId: requestId ?? 'test',
        requestId,
        contextCommitment: null,
        traceparent: who.traceparent ?? null,
      },
    });
    if (result.replayed) throw new Error('a test append has no idempotency key');
    this.#versions.set(stream, result.version);
    return result.positions.at(-1) as number;
  }

  /** Publishes everything from now on, in order, as the authority does. */
  async startRelay(): Promise<void> {
    const { nc } = await this.#authority();
    this.#relay = new Relay({ url: this.#db.url('token-command'), nc });
    this.#relay.start();
  }

  async stopRelay(): Promise<void> {
    await this.#relay?.stop();
    this.#relay = undefined;
  }

  /** Publishes these positions in this order, as often as they are named: what a bus may do to messages. */
  async publish(positions: readonly number[]): Promise<void> {
    const { nc } = await this.#authority();
    const { rows } = await this.#db.admin.query<EventRow & { log_id: string }>(
      'SELECT event.*, head.log_id FROM log.events AS event, log.head AS head WHERE event.position = ANY($1)',
      [positions],
    );
    for (const position of positions) {
      const row = rows.find((candidate) => candidate.position === position);
      if (!row) throw new Error(`the log has no position ${position}`);
      const event = storedEvent(row);
      const headers = createHeaders();
      headers.set(eventHeaders.position, String(position));
      headers.set(eventHeaders.previous, String(position - 1));
      headers.set(eventHeaders.logId, row.log_id);
      nc.publish(subjects.feed, JSON.stringify(event), { headers });
    }
    await nc.flush();
  }

  async close(): Promise<void> {
    await this.stopRelay();
    await this.#appender.close();
  }
}
