import { context, type Context } from '@opentelemetry/api';
import pg from 'pg';
import { TollgateError, type EventMeta, type RecordedTollgateEvent } from '@tollgate/contracts';
import { createDurationHistogram, createLogger, currentTraceparent, meter, withSpan } from '@tollgate/telemetry';
import { decideBatch, writesOf, type BatchDecision } from './batch.ts';
import { assumptionsOf, lockAndRead, prepareAppends, refusalOf, write, writesAnything } from './append-transaction.ts';
import { checkedRequest } from './codec.ts';
import {
  connectionConfig,
  endClient,
  isBrokenConnection,
  isOutcomeUnknown,
  isRefusedValue,
  isUnavailable,
} from './pool.ts';
import { mainLog, type LogDefinition } from './log-definition.ts';
import type { AppendRequest, AppendResult, EventStore } from './types.ts';

const batchSize = meter.createHistogram('tollgate_append_batch_events', {
  description: 'Events written by one transaction of the appender',
  advice: { explicitBucketBoundaries: [1, 2, 5, 10, 20, 50, 100, 200] },
});
const duration = createDurationHistogram(
  'tollgate_append_duration_seconds',
  'From the call of append to its answer',
).series({});

/** A connection that answered this lately is taken to be there still. */
const FRESH_MS = 1_000;
/** A transaction that lasts longer than this is given up by Postgres: it holds the lock that every append needs. */
const STATEMENT_TIMEOUT_MS = 3_000;

export interface AppenderOptions {
  /** Connection string of a role that may append. */
  readonly url: string;
  /** Default: the main log. */
  readonly log?: LogDefinition;
  /** Events of one transaction at most (default 100); an append with more goes alone. */
  readonly batchMax?: number;
  /** Appends that may wait at most (default 10,000); beyond, SERVICE_UNAVAILABLE. */
  readonly waitingMax?: number;
  /** Called after each commit with the events that it wrote: wake the relay. */
  readonly onCommitted?: (events: readonly RecordedTollgateEvent[]) => void;
}

/** Where the last batch left the log. */
interface Tip {
  readonly head: number;
  readonly lastAt: string | null;
  /** Nobody else appended between the last two batches. */
  readonly alone: boolean;
  readonly seenMs: number;
}

interface Waiting {
  readonly request: AppendRequest;
  /** Of the caller: statements of a batch show in the trace of its first append. */
  readonly context: Context;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/**
 * The write side of the log: one per process. Appends that arrive while a transaction is in flight are written together by
 * the next one (group commit). As long as nobody else appends, a batch is decided on where the last one left the log and on what its
 * requests expect, and one statement looks whether that holds and writes it; otherwise everything is read first, under the lock of
 * the head. Uses one connection of its own; when Postgres goes away, every waiting append fails with
 * SERVICE_UNAVAILABLE, and the next append connects anew.
 */
export class EventAppender implements EventStore {
  private readonly options: Required<Omit<AppenderOptions, 'onCommitted'>> & Pick<AppenderOptions, 'onCommitted'>;
  private readonly waiting: Waiting[] = [];
  private readonly logger = createLogger('event-log');
  private client: pg.Client | undefined;
  private tip: Tip | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(options: AppenderOptions) {
    this.options = { log: mainLog, batchMax: 100, waitingMax: 10_000, ...options };
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const checked = checkedRequest(request, this.options.log.catalogue);
    const started = performance.now();
    try {
      return await withSpan('event_log.append', () => this.enqueue({ ...checked, meta: traced(checked.meta) }));
    } finally {
      duration.record(performance.now() - started);
    }
  }

  /** Writes what waits, then disconnects. Later appends are refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    await this.disconnect();
  }

  private enqueue(request: AppendRequest): Promise<AppendResult> {
    if (this.closed || this.waiting.length >= this.options.waitingMax) {
      const why = this.closed ? 'This process is shutting down.' : 'Too many changes are waiting.';
      return Promise.reject(new TollgateError('SERVICE_UNAVAILABLE', `${why} Repeat the request.`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, context: context.active(), resolve, reject });
      this.running ??= this.run();
    });
  }

  /** One transaction after the other until nothing waits. */
  private async run(): Promise<void> {
    // What arrives in this turn of the event loop goes into the first batch.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.nextBatch();
      await context.with(batch[0]!.context, () => this.writeBatch(batch));
    }
    this.running = undefined;
  }

  private nextBatch(): Waiting[] {
    let events = 0;
    let count = 0;
    for (const { request } of this.waiting) {
      events += Math.max(1, sum(writesOf(request).map((write) => write.events.length)));
      if (count > 0 && events > this.options.batchMax) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async writeBatch(batch: Waiting[]): Promise<void> {
    let decision: BatchDecision;
    try {
      decision = await this.transact(batch.map(({ request }) => request));
    } catch (error) {
      if (isUnavailable(error)) return this.failAll(batch, error);
      // Postgres refused a value (a text it cannot store, a taken external subject): only its own append may fail for it.
      if (batch.length > 1 && isRefusedValue(error)) for (const one of batch) await this.writeBatch([one]);
      else for (const { reject } of batch) reject(refusalOf(error));
      return;
    }
    this.settle(batch, decision);
  }

  /**
   * Decides and commits a batch. A connection that broke while it lay idle is replaced once, where nothing was sent that commits:
   * doing it again is safe then.
   */
  private async transact(requests: AppendRequest[]): Promise<BatchDecision> {
    const reused = this.client !== undefined;
    try {
      return await this.transactOnce(requests);
    } catch (error) {
      if (!reused || !isBrokenConnection(error)) throw error;
      return this.transactOnce(requests);
    }
  }

  private async transactOnce(requests: AppendRequest[]): Promise<BatchDecision> {
    const client = await this.connection();
    const { tip } = this;
    this.tip = undefined;
    try {
      const guessed = tip && (await this.writeGuessed(client, requests, tip));
      const decision = guessed ?? (await this.writeLocked(client, requests));
      const { head, lastAt, events } = decision;
      this.tip = { head, lastAt, alone: head - events.length === tip?.head, seenMs: performance.now() };
      return decision;
    } catch (error) {
      if (isUnavailable(error)) await this.disconnect();
      throw error;
    }
  }

  /** @returns null if nothing was written, because the log is not as it was guessed, or there is no reason to guess */
  private async writeGuessed(client: pg.Client, requests: AppendRequest[], tip: Tip): Promise<BatchDecision | null> {
    if (!tip.alone || performance.now() - tip.seenMs > FRESH_MS) return null;
    const assumed = assumptionsOf(requests);
    if (!assumed) return null;
    const { log } = this.options;
    const state = { head: tip.head, lastAt: tip.lastAt, versions: new Map(assumed.versions), kept: new Map() };
    const decision = decideBatch(requests, state, log.catalogue);
    if (!writesAnything(decision)) return null;
    return (await committing(write(client, log, decision, assumed))) ? decision : null;
  }

  private async writeLocked(client: pg.Client, requests: AppendRequest[]): Promise<BatchDecision> {
    const { log } = this.options;
    try {
      const decision = decideBatch(requests, await lockAndRead(client, log, requests), log.catalogue);
      if (writesAnything(decision) && !(await write(client, log, decision)))
        throw new Error('the head of the log moved although it was locked');
      await committing(client.query('COMMIT'));
      return decision;
    } catch (error) {
      if (!isUnavailable(error)) await client.query('ROLLBACK').catch(() => this.disconnect());
      throw error;
    }
  }

  private settle(batch: Waiting[], { outcomes, events }: BatchDecision): void {
    if (events.length > 0) batchSize.record(events.length);
    batch.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index]!;
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    if (events.length > 0) this.tellOf(events);
  }

  private tellOf(events: readonly RecordedTollgateEvent[]): void {
    try {
      this.options.onCommitted?.(events);
    } catch (err) {
      // The relay polls: whoever isn't woken comes a little later, and appending goes on.
      this.logger.warn({ err }, 'telling of a commit failed');
    }
  }

  /** Everything that waits fails at once: the next append finds out anew whether Postgres is there. */
  private failAll(batch: Waiting[], error: unknown): void {
    this.logger.warn({ err: error }, 'appending failed: the database cannot be reached');
    const detail =
      error instanceof UnknownOutcome
        ? 'The database went away while it committed, so it is unknown whether the change was made. Repeat the request with the same Idempotency-Key.'
        : 'The database cannot be reached right now. Nothing was changed: repeat the request.';
    batch.forEach(({ reject }) =>
      reject(new TollgateError('SERVICE_UNAVAILABLE', detail, undefined, { cause: error })),
    );
    const untried = 'The database cannot be reached right now. Nothing was changed: repeat the request.';
    for (const { reject } of this.waiting.splice(0)) reject(new TollgateError('SERVICE_UNAVAILABLE', untried));
  }

  private async connection(): Promise<pg.Client> {
    if (this.client) return this.client;
    const client = new pg.Client({
      ...connectionConfig(this.options.url, 'appender', STATEMENT_TIMEOUT_MS),
      // A paused process must not keep the head locked for everybody else.
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    });
    client.on('error', () => {
      if (this.client === client) this.client = undefined;
    });
    try {
      await client.connect();
      await prepareAppends(client, this.options.log);
    } catch (error) {
      await endClient(client);
      throw error;
    }
    this.client = client;
    return client;
  }

  private async disconnect(): Promise<void> {
    const client = this.client;
    this.client = this.tip = undefined;
    if (client) await endClient(client);
  }
}

/** A message that commits was sent, and its answer did not come. */
class UnknownOutcome extends Error {
  readonly code = '08007'; // transaction_resolution_unknown
}

async function committing<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (isOutcomeUnknown(error)) throw new UnknownOutcome('the connection was lost while committing', { cause: error });
    throw error;
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** Events carry the trace of the append, unless the caller chose another. */
function traced(meta: EventMeta): EventMeta {
  return meta.traceparent === null ? { ...meta, traceparent: currentTraceparent() } : meta;
}
