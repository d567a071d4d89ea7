import type { ObservableResult } from '@opentelemetry/api';
import type { NatsConnection, Subscription } from '@nats-io/nats-core';
import pg from 'pg';
import { subjects } from '@tollgate/contracts';
import { createLogger, meter } from '@tollgate/telemetry';
import { storedEvent, type EventRow, type StoredEvent } from './codec.ts';
import { connectionConfig, endClient } from './pool.ts';
import { outgoing, RelayStream, type OutgoingEvent } from './relay-stream.ts';
import { Signal } from './signal.ts';

/** Advisory lock of the one relay that publishes. */
const RELAY_LOCK = 0x72656c61; // 'rela'
const STANDBY_MS = 500;
const JETSTREAM_RETRY_MS = 1_000;
const READ_MAX = 500;
/** Events that this process committed are kept for the relay up to about so many; beyond, it reads the log. */
const FRESH_MAX = 5_000;
/** After this, the services get what follows without waiting for the acknowledgements of what went before. */
const SLOW_ACK_MS = 200;

export interface RelayOptions {
  /** Connection string of a role that may read the log and keep the relayed position. */
  readonly url: string;
  readonly nc: NatsConnection;
  /** How long the stream keeps messages (default seven days). */
  readonly maxAgeMs?: number;
  /** Copies of the stream in a NATS cluster (default 1). */
  readonly replicas?: number;
  /** How often the log is asked when nobody wakes the relay (default 200). */
  readonly pollMs?: number;
  /** The head is announced at least this often (default 250). */
  readonly announceMs?: number;
}

const relays = new Set<Relay>();
meter
  .createObservableGauge('tollgate_relay_position', { description: 'Last position that JetStream has acknowledged' })
  .addCallback((result: ObservableResult) => {
    for (const relay of relays) if (relay.leading) result.observe(relay.acknowledged);
  });

/**
 * Publishes the log to NATS in order: to the services over core NATS, then into the stream `TOLLGATE_EVENTS`. Of all relays
 * of a database one leads (a session lock in Postgres); the others stand by. In the stream it goes forward only over what
 * JetStream has acknowledged; the services wait for none of that.
 */
export class Relay {
  private readonly options: Required<RelayOptions>;
  private readonly stream: RelayStream;
  private readonly signal = new Signal();
  private readonly logger = createLogger('relay');
  private wakeUps: Subscription | undefined;
  private announcer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  private connected = true;
  private leads = false;
  private logId = '';
  /** Acknowledged by JetStream. */
  private acked = 0;
  /** Published to the services by this leader. */
  private delivered = 0;
  /** The id of the event there; null at the beginning of the log. */
  private deliveredId: string | null = null;
  private jetStreamRetryAt = 0;
  private jetStreamReady = false;
  private attempt: Promise<void> | undefined;
  /** What this process has committed last, without holes: need not be read. */
  private fresh: OutgoingEvent[] = [];

  constructor(options: RelayOptions) {
    this.options = { maxAgeMs: 7 * 24 * 3_600_000, replicas: 1, pollMs: 200, announceMs: 250, ...options };
    this.stream = new RelayStream(options.nc, this.options);
  }

  /** True while this relay is the one that publishes. */
  get leading(): boolean {
    return this.leads;
  }

  /** Last position that JetStream has acknowledged. Meaningful while leading. */
  get acknowledged(): number {
    return this.acked;
  }

  /** Begins in the background; servers that can't be reached are tried again and again. */
  start(): void {
    if (this.running) return;
    relays.add(this);
    this.wakeUps = this.options.nc.subscribe(subjects.wake, { callback: () => this.hearOf([]) });
    this.announcer = setInterval(() => this.announce(), this.options.announceMs);
    void this.followConnection();
    this.running = this.run();
  }

  /**
   * There is something to publish: here, or in the process whose relay leads.
   * @param committed if they are at hand, the events that were just committed, as they were written
   */
  wake(committed: readonly StoredEvent[] = []): void {
    if (this.leads) this.hearOf(committed);
    else if (this.connected && !this.options.nc.isClosed()) this.options.nc.publish(subjects.wake);
  }

  private hearOf(committed: readonly StoredEvent[]): void {
    this.keep(committed);
    this.signal.notify();
  }

  /** None: they are not at hand, so the log is read. */
  private keep(committed: readonly StoredEvent[]): void {
    if (committed.length === 0) return void (this.fresh = []);
    const end = this.fresh.at(-1)?.event.position;
    if (end !== committed[0]!.position - 1 || this.fresh.length > FRESH_MAX) this.fresh = [];
    this.fresh.push(...committed.map(outgoing));
  }

  /** Events after a position: those that this process has just committed, else from the log. */
  private async next(client: pg.Client, after: number, limit: number): Promise<readonly OutgoingEvent[]> {
    const first = this.fresh[0]?.event.position;
    if (first !== undefined && first <= after + 1) {
      const found = this.fresh.slice(after + 1 - first, after + 1 - first + limit);
      if (found.length > 0) return found;
    }
    return (await readStored(client, after, limit)).map(outgoing);
  }

  /** What the stream has acknowledged is needed no more. */
  private forget(upTo: number): void {
    const first = this.fresh[0]?.event.position;
    if (first !== undefined && first <= upTo) this.fresh.splice(0, upTo + 1 - first);
  }

  /** Ends after the round under way and lets another relay lead. */
  async stop(): Promise<void> {
    this.stopped = true;
    relays.delete(this);
    clearInterval(this.announcer);
    if (!this.options.nc.isClosed()) this.wakeUps?.unsubscribe();
    this.signal.notify();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.lead();
      } catch (err) {
        this.logger.warn({ err }, 'the relay waits and tries again');
      }
      this.leads = false;
      await this.signal.sleep(STANDBY_MS, () => this.stopped);
    }
  }

  /** One session of Postgres: stands by, leads, until the session breaks or the relay stops. */
  private async lead(): Promise<void> {
    const client = new pg.Client(connectionConfig(this.options.url, 'relay', 5_000));
    client.on('error', () => this.signal.notify());
    try {
      await client.connect();
      // The relayed position may be lost: then some events are published again, and dropped as repetitions.
      await client.query('SET synchronous_commit TO off');
      while (!this.stopped && !(await tryLock(client))) await this.signal.sleep(STANDBY_MS, () => this.stopped);
      if (this.stopped) return;
      await this.takeOver(client);
      while (!this.stopped) {
        const full = await this.round(client);
        if (!full) await this.signal.wait(this.options.pollMs);
      }
    } finally {
      this.leads = false;
      await endClient(client);
    }
  }

  private async takeOver(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ log_id: string; position: number; id: string | null }>(
      `SELECT head.log_id, relay.position, (SELECT id FROM log.events WHERE position = relay.position)
         FROM log.head AS head, log.relay AS relay`,
    );
    this.logId = rows[0]!.log_id;
    this.acked = this.delivered = rows[0]!.position;
    this.deliveredId = rows[0]!.id;
    this.jetStreamReady = false;
    this.fresh = [];
    this.leads = true;
    await (this.attempt ??= this.tryJetStream());
    this.logger.info({ position: this.acked }, 'this relay leads');
  }

  /** Publishes what is next; true if there may be more at once. */
  private async round(client: pg.Client): Promise<boolean> {
    if (!this.connected || this.options.nc.isClosed()) return false;
    if (!this.jetStreamReady && performance.now() >= this.jetStreamRetryAt) this.attempt ??= this.tryJetStream();
    if (!this.jetStreamReady) return this.deliver(client);
    // The stream has fallen behind: what is new goes first.
    if (this.delivered > this.acked) await this.deliver(client);
    const limit = Math.min(READ_MAX, this.stream.take);
    const events = await this.next(client, this.acked, limit);
    if (events.length > 0) await this.publish(client, events);
    return events.length === limit;
  }

  private async publish(client: pg.Client, events: readonly OutgoingEvent[]): Promise<void> {
    this.send(events.filter(({ event }) => event.position > this.delivered));
    let added = false;
    const adding = this.stream
      .add(this.logId, events)
      .catch((err: unknown) => this.loseJetStream(err))
      .then((all) => void (added = all));
    while (!(await settles(adding, SLOW_ACK_MS))) await this.deliver(client);
    if (!added) return;
    this.acked = events.at(-1)!.event.position;
    this.forget(this.acked);
    await client.query({
      name: 'relay-acknowledged',
      text: 'UPDATE log.relay SET position = GREATEST(position, $1)',
      values: [this.acked],
    });
  }

  /** To the services, without waiting for JetStream; true if there may be more at once. */
  private async deliver(client: pg.Client): Promise<boolean> {
    if (!this.connected || this.options.nc.isClosed()) return false;
    const events = await this.next(client, this.delivered, READ_MAX);
    this.send(events);
    return events.length === READ_MAX;
  }

  /** The services have them whatever becomes of the stream. */
  private send(events: readonly OutgoingEvent[]): void {
    this.stream.deliver(this.logId, events, this.deliveredId);
    const last = events.at(-1)?.event;
    if (last) [this.delivered, this.deliveredId] = [last.position, last.id];
  }

  /** Runs beside the rounds: the services must not wait for a JetStream that doesn't answer. */
  private async tryJetStream(): Promise<void> {
    try {
      await this.stream.ensure();
      this.jetStreamReady = true;
      this.signal.notify();
    } catch (err) {
      this.loseJetStream(err);
    }
    this.attempt = undefined;
  }

  private loseJetStream(err: unknown): false {
    this.jetStreamReady = false;
    this.jetStreamRetryAt = performance.now() + JETSTREAM_RETRY_MS;
    this.logger.warn({ err, acknowledged: this.acked }, 'JetStream does not take events; the services still get them');
    return false;
  }

  /** Consumers that lost the last messages notice by this. */
  private announce(): void {
    if (!this.leads || !this.connected || this.options.nc.isClosed()) return;
    this.options.nc.publish(subjects.heads, JSON.stringify({ logId: this.logId, head: this.delivered }));
  }

  /** While disconnected nothing is published: the client would keep it in memory and send it later in one heap. */
  private async followConnection(): Promise<void> {
    for await (const { type } of this.options.nc.status()) {
      if (this.stopped) return;
      if (type === 'disconnect') this.connected = false;
      if (type === 'reconnect') {
        this.connected = true;
        this.jetStreamReady = false;
        this.jetStreamRetryAt = 0;
        this.signal.notify();
      }
    }
  }
}

/** True if the promise settles within `ms`. */
async function settles(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [RELAY_LOCK]);
  return rows[0]!.locked;
}

async function readStored(client: pg.Client, after: number, limit: number): Promise<StoredEvent[]> {
  const { rows } = await client.query<EventRow>({
    name: 'relay-read',
    text: `SELECT position, id, stream, version, category, type, type_version, org_id, at, data, meta
             FROM log.events WHERE position > $1 ORDER BY position LIMIT $2`,
    values: [after, limit],
  });
  return rows.map(storedEvent);
}
