import type { ObservableResult } from '@opentelemetry/api';
import { eventHeaders, subjects, type RecordedTollgateEvent } from '@tollgate/contracts';
import { createLogger, meter, type Logger } from '@tollgate/telemetry';
import { decodeEvent, type StoredEvent } from './codec.ts';
import { Signal } from './signal.ts';
import type { EventSource } from './types.ts';

/** What a feed needs of the bus. Subscriptions outlive a reconnection. */
export interface FeedBus {
  /** Calls `onMessage` for each message until the returned function is called. */
  subscribe(subject: string, onMessage: (message: FeedMessage) => void): () => void;
}

export interface FeedMessage {
  readonly subject: string;
  /** `get` returns '' for a header that isn't there, as NATS clients do. */
  readonly headers?: { get(name: string): string } | undefined;
  readonly data: Uint8Array;
}

export interface FeedOptions {
  /** Who consumes: labels metrics and logs. */
  readonly name: string;
  readonly source: EventSource;
  readonly bus: FeedBus;
  /** The last position that was applied already; 0 for all. */
  readonly from: number;
  /** The id of the event at `from`. Without it, the first one that comes is trusted to stand behind that. */
  readonly fromId?: string;
  /** The log that `from` counts in. Default: the one the source has at the start. */
  readonly logId?: string;
  /** Takes the next events, in order. When it throws, it gets the same events again. */
  readonly onEvents: (events: readonly RecordedTollgateEvent[]) => Promise<void>;
  /** Events per call at most (default 500). */
  readonly batchMax?: number;
  /** What comes within this time is taken together (default 0). Asked again at every `wake`, for who is in a hurry now. */
  readonly lingerMs?: () => number;
  /** Without a sign of the relay for this long, the log itself is asked (default 1,000). */
  readonly silenceMs?: number;
  /**
   * Called once if the source turns out to be another log, an older state of it, or one that went on otherwise from an older state
   * (a restore): the feed ends then, and nothing of the other history was handed over.
   */
  readonly onLogChanged?: (error: Error) => void;
}

/** What a message holds: events in their order, up to the first that this program cannot read. */
interface Decoded {
  readonly events: readonly RecordedTollgateEvent[];
  readonly error?: unknown;
}

/** An event with the id of the one before it, where that is known. */
interface Linked {
  readonly event: RecordedTollgateEvent;
  readonly previousId: string | undefined;
}

const decodedOf = new WeakMap<Uint8Array, Decoded>();

/** An event, or several that were published together. Feeds that share a message share its events; nobody changes them. */
function decoded(data: Uint8Array): Decoded {
  const known = decodedOf.get(data);
  if (known) return known;
  const events: RecordedTollgateEvent[] = [];
  let result: Decoded = { events };
  try {
    const stored = JSON.parse(Buffer.from(data).toString()) as StoredEvent | StoredEvent[];
    for (const event of Array.isArray(stored) ? stored : [stored]) events.push(decodeEvent(event));
  } catch (error) {
    result = { events, error };
  }
  decodedOf.set(data, result);
  return result;
}

/** Messages kept for a slow consumer, and as many that came before their turn; the rest is read from the log. */
const KEPT_MAX = 10_000;
const RETRY_MAX_MS = 1_000;

const feeds = new Set<Feed>();
meter
  .createObservableGauge('tollgate_feed_lag_events', { description: 'Events known to exist and not yet applied' })
  .addCallback((result: ObservableResult) => {
    for (const feed of feeds) result.observe(feed.lag, { feed: feed.name });
  });

/**
 * Hands over every event of a log once and in order, whatever the bus does. Messages of the relay are taken as they come;
 * a hole, a head beyond what came, and silence are healed by reading the log; a repeated position is dropped.
 */
export class Feed {
  readonly name: string;
  private readonly options: Required<Omit<FeedOptions, 'fromId' | 'logId' | 'onLogChanged'>>;
  private readonly onLogChanged: FeedOptions['onLogChanged'];
  private readonly logger: Logger;
  private readonly signal = new Signal();
  private readonly ahead = new Map<number, Linked>();
  private queue: RecordedTollgateEvent[] = [];
  private unsubscribe: (() => void)[] = [];
  private running: Promise<void> | undefined;
  private logId: string | undefined;
  private stopped = false;
  private mustAsk = true;
  private heardAt = 0;
  /** Last position in or before the queue. */
  private tail: number;
  /** The id of the event there, once it is known. */
  private tailId: string | undefined;
  private done: number;
  private highest: number;
  private failing: Error | undefined;

  constructor(options: FeedOptions) {
    this.options = { batchMax: 500, lingerMs: () => 0, silenceMs: 1_000, ...options };
    this.name = options.name;
    this.logId = options.logId;
    this.tailId = options.fromId;
    this.onLogChanged = options.onLogChanged;
    this.tail = this.done = this.highest = options.from;
    this.logger = createLogger('feed').child({ feed: this.name });
  }

  /** Position of the last event that `onEvents` has taken. */
  get applied(): number {
    return this.done;
  }

  /** The highest position known to exist. */
  get head(): number {
    return Math.max(this.highest, this.tail);
  }

  /** Events known to exist and not yet applied. */
  get lag(): number {
    return this.head - this.done;
  }

  /** Why nothing moves right now; undefined while all is well. */
  get trouble(): Error | undefined {
    return this.failing;
  }

  /** Subscribes and begins to catch up in the background; a source that can't be reached is asked again and again. */
  start(): void {
    if (this.running) return;
    feeds.add(this);
    this.unsubscribe = [
      this.options.bus.subscribe(subjects.feed, (message) => this.onMessage(message)),
      this.options.bus.subscribe(subjects.heads, (message) => this.onHead(message)),
    ];
    this.running = this.run();
  }

  /** Ends after the call of `onEvents` that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    feeds.delete(this);
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    this.signal.notify();
    await this.running;
  }

  /** Says that the log has reached `position`, for who knows it from elsewhere. */
  noteHead(position: number): void {
    if (position <= this.head) return;
    this.highest = position;
    this.signal.notify();
  }

  /** Lets the feed look again whether to linger. */
  wake(): void {
    this.signal.notify();
  }

  /** Lets the feed ask the log now, for who has reason to believe that there is more than the bus has brought. */
  askLog(): void {
    this.mustAsk = true;
    this.signal.notify();
  }

  private onMessage({ headers, data }: FeedMessage): void {
    const position = Number(headers?.get(eventHeaders.position));
    if (!this.isOurs(headers?.get(eventHeaders.logId)) || !Number.isSafeInteger(position) || position <= this.tail)
      return;
    if (this.queue.length < KEPT_MAX) {
      const previousId = headers?.get(eventHeaders.previousId) || undefined;
      this.take(data, Number(headers?.get(eventHeaders.previous)), previousId, position);
    }
    this.noteHead(position);
    this.signal.notify();
  }

  /** The events of a message that stand where its headers say. */
  private take(data: Uint8Array, previous: number, firstPreviousId: string | undefined, position: number): void {
    const { events, error: err } = decoded(data);
    if (err) this.logger.warn({ err, position }, 'a message of the feed cannot be read; the log is read instead');
    for (const [index, event] of events.entries()) {
      const previousId = index === 0 ? firstPreviousId : events[index - 1]!.id;
      if (event.position === previous + 1 + index) this.accept({ event, previousId });
    }
  }

  private onHead({ data }: FeedMessage): void {
    try {
      const { logId, head } = JSON.parse(Buffer.from(data).toString()) as { logId: string; head: number };
      if (this.isOurs(logId)) this.noteHead(head);
    } catch (err) {
      this.logger.warn({ err }, 'a head announcement cannot be read');
    }
  }

  private isOurs(logId: string | undefined): boolean {
    if (this.logId !== undefined && logId !== this.logId) {
      this.askLog();
      return false;
    }
    this.heardAt = performance.now();
    return this.logId !== undefined;
  }

  /** Takes an event if it is the next one, with those that waited for it; keeps it if it came before its turn. */
  private accept(linked: Linked): void {
    const { position } = linked.event;
    if (position <= this.tail) return;
    if (position > this.tail + 1) {
      if (this.ahead.size < KEPT_MAX) this.ahead.set(position, linked);
      return;
    }
    for (let next: Linked | undefined = linked; next; next = this.ahead.get(this.tail + 1)) {
      const { event, previousId } = next;
      if (this.stopped || this.leavesHistory(previousId)) return;
      this.ahead.delete(event.position);
      this.queue.push(event);
      this.tail = event.position;
      this.tailId = event.id;
    }
  }

  /** Ids are random: where another event stands at the same place, the log was taken back and has gone on otherwise. */
  private leavesHistory(idAtTail: string | undefined): boolean {
    if (this.tailId === undefined || idAtTail === undefined || idAtTail === this.tailId) return false;
    this.leaveLog(`the log holds the event ${idAtTail} at ${this.tail}, where it had ${this.tailId}`);
    return true;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopped;) {
      try {
        await this.step();
        failures = 0;
        if (!this.stopped) this.failing = undefined;
      } catch (err) {
        this.failing = err as Error;
        const retryMs = Math.min(RETRY_MAX_MS, 50 * 2 ** failures++);
        this.logger.warn({ err, applied: this.done, retryMs }, 'the feed waits and tries again');
        await this.signal.sleep(retryMs, () => this.stopped);
      }
    }
  }

  private async step(): Promise<void> {
    if (this.queue.length > 0 && this.logId !== undefined) return this.deliver();
    if (this.head > this.tail || this.mustAsk) return this.heal();
    await this.signal.wait(this.options.silenceMs);
    if (performance.now() - this.heardAt > this.options.silenceMs) this.mustAsk = true;
  }

  /** The events stay at the front of the queue until they were taken. */
  private async deliver(): Promise<void> {
    await this.linger();
    const batch = this.queue.slice(0, this.options.batchMax);
    await this.options.onEvents(batch);
    this.queue.splice(0, batch.length);
    this.done = batch.at(-1)!.position;
  }

  private async linger(): Promise<void> {
    const { batchMax, lingerMs } = this.options;
    const sinceMs = performance.now();
    while (!this.stopped && this.queue.length < batchMax) {
      const leftMs = lingerMs() - (performance.now() - sinceMs);
      if (leftMs <= 0) return;
      await this.signal.wait(leftMs);
    }
  }

  private async heal(): Promise<void> {
    const { source, batchMax } = this.options;
    const found = await source.logId();
    this.logId ??= found;
    if (found !== this.logId) return this.leaveLog(`the log is ${found} and was ${this.logId}`);
    if (this.mustAsk) await this.askHead();
    if (this.stopped || this.head === this.tail) return;
    const next = this.tail + 1;
    // With the event before, whose id shows that what follows is of the same history.
    const known = this.tailId === undefined ? 0 : 1;
    const events = await source.read(this.tail - known, batchMax + known);
    // A page may end anywhere after its first event.
    if (events.length === known) events.push(...(await source.read(this.tail, batchMax)));
    const first = events[known];
    if (first?.position !== next)
      throw new Error(`position ${next} is known to exist, and the log answered with ${first?.position ?? 'nothing'}`);
    for (const [index, event] of events.entries()) this.accept({ event, previousId: events[index - 1]?.id });
  }

  private async askHead(): Promise<void> {
    // Whoever asks while this is under way is answered by another one.
    this.mustAsk = false;
    try {
      const tail = this.tail;
      const head = await this.options.source.head();
      if (head < tail) return this.leaveLog(`the log ends at ${head}, before ${tail}, which it had`);
      this.noteHead(head);
      this.heardAt = performance.now();
    } catch (error) {
      this.mustAsk = true;
      throw error;
    }
  }

  private leaveLog(why: string): void {
    this.stopped = true;
    this.failing = new Error(`${why}: positions mean nothing here any more, so start again from 0`);
    this.logger.error({ err: this.failing }, 'the feed ends: the log is another one');
    this.onLogChanged?.(this.failing);
  }
}
