import { setTimeout as sleep } from 'node:timers/promises';
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type ObservableResult,
  type Span,
} from '@opentelemetry/api';
import { TollgateError, type RebuildReport, type RecordedTollgateEvent } from '@tollgate/contracts';
import {
  Feed,
  inTransaction,
  onNewRun,
  type EventSource,
  type FeedBus,
  type Pool,
  type PoolClient,
} from '@tollgate/event-log';
import { createLogger, meter, recordsSpans, tracer } from '@tollgate/telemetry';
import { shapeOf, tableNames, type ProjectionDefinition } from './definition.ts';
import {
  ensureCheckpoints,
  ensureLive,
  lockLive,
  physicalNames,
  readLive,
  setPosition,
  type Generation,
} from './generations.ts';
import { LagWatch } from './lag-watch.ts';
import { prepared } from './prepared.ts';
import { rebuild } from './rebuild.ts';
import { analyzeGrown } from './statistics.ts';

/** What a reader who asked for a position waits at most. */
const WAIT_MS = 2_000;
/** After this, a waiting reader makes the feed ask the log itself. */
const PATIENCE_MS = 50;
/**
 * Events are applied together when they come within this time and nobody waits for them: fewer transactions, and the
 * command whose event it is gets its answer first.
 */
const LINGER_MS = 100;
/** Where many come in that time, larger batches are cheaper still. */
const BUSY_LINGER_MS = 250;
const BUSY_EVENTS = 50;
/** Statistics are looked after once so many events were applied. Postgres counts what is written by the second. */
const EVENTS_PER_LOOK = 1_000;
const LOOK_MS = 1_000;
const RETRY_MS = 250;

export interface ProjectionOptions {
  /** Of the role that owns the projection's schema; at least four connections. */
  readonly pool: Pool;
  readonly source: EventSource;
  readonly bus: FeedBus;
  readonly definition: ProjectionDefinition<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- of any tables
  /** Events per transaction at most (default 500). */
  readonly batchMax?: number;
}

const runners = new Set<ProjectionRunner>();
meter
  .createObservableGauge('tollgate_projection_lag_events', { description: 'Events known to exist and not yet applied' })
  .addCallback((result: ObservableResult) => {
    for (const runner of runners) result.observe(runner.lag, { projection: runner.name });
  });

/**
 * Keeps a projection's tables up to date: events are applied in order, together with the checkpoint, in one transaction.
 * Several processes may run the same projection; a row lock lets one of them apply each batch.
 */
export class ProjectionRunner {
  readonly name: string;
  private readonly options: ProjectionOptions;
  private readonly logger;
  private readonly watch = new LagWatch(this);
  private readonly waiting = new Set<() => void>();
  private feed: Feed | undefined;
  private endNewRuns: (() => void) | undefined;
  private beginning: Promise<void> | undefined;
  private failing: Error | undefined;
  /** Counts the starts of Postgres that were noticed. */
  private run = 0;
  private reached = 0;
  private lastBatch = 0;
  private appliedSinceLook = 0;
  private look: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(options: ProjectionOptions) {
    this.options = options;
    this.name = options.definition.name;
    this.logger = createLogger('projection').child({ projection: this.name });
  }

  /** Everything up to this position can be read. */
  get applied(): number {
    return this.reached;
  }

  /** Events known to exist and not yet applied. */
  get lag(): number {
    return Math.max(0, (this.feed?.head ?? 0) - this.reached);
  }

  /** Why nothing is applied right now; undefined while all is well. */
  get trouble(): Error | undefined {
    return this.failing ?? this.feed?.trouble;
  }

  /** For readiness: that events have waited for long, or why nothing is applied right now; null while all is well. */
  warning(): string | null {
    return this.watch.warning() ?? this.trouble?.message ?? null;
  }

  /**
   * Makes the tables if they are missing, builds them anew if they have another shape, and follows the log from the
   * checkpoint on. Throws when Postgres can't be reached, and when a newer version of this program has built the tables.
   */
  async start(): Promise<void> {
    if (this.feed) return;
    const { pool, definition } = this.options;
    await ensureCheckpoints(pool, definition.schema);
    this.endNewRuns ??= onNewRun(pool, () => this.beginAgain());
    await this.follow();
    runners.add(this);
    this.watch.start();
  }

  /** Ends after the transaction under way. */
  async stop(): Promise<void> {
    runners.delete(this);
    this.watch.stop();
    this.endNewRuns?.();
    this.endNewRuns = undefined;
    await this.beginning;
    await this.feed?.stop();
    this.feed = undefined;
    clearTimeout(this.look);
    await this.looking;
  }

  /**
   * Resolves once everything up to `position` can be read.
   * Throws READ_MODEL_BEHIND if that doesn't happen within `timeoutMs`.
   */
  async waitFor(position: number, timeoutMs = WAIT_MS): Promise<void> {
    if (this.reached >= position) return;
    const timers: NodeJS.Timeout[] = [];
    let check = () => {};
    const there = new Promise<boolean>((resolve) => {
      check = () => this.reached >= position && resolve(true);
      this.waiting.add(check);
      this.feed?.wake();
      timers.push(
        setTimeout(() => this.feed?.askLog(), PATIENCE_MS),
        setTimeout(() => resolve(false), timeoutMs),
      );
    });
    const arrived = await there;
    this.waiting.delete(check);
    timers.forEach(clearTimeout);
    if (arrived) return;
    const detail = `The read model ${this.name} stands at position ${this.reached}, not yet at ${position}. Ask again shortly.`;
    throw new TollgateError('READ_MODEL_BEHIND', detail);
  }

  /** Waits for the newest event there is now. Throws READ_MODEL_BEHIND as `waitFor` does. */
  async catchUp(timeoutMs = WAIT_MS): Promise<void> {
    await this.waitFor(await this.options.source.head(), timeoutMs);
  }

  /**
   * Builds the tables anew from the first event, beside the running ones; compares, reports, switches. A difference is
   * named in the report and healed by the switch. Throws CONFLICT while another rebuild runs.
   */
  async rebuild(): Promise<RebuildReport> {
    const { pool, source, definition } = this.options;
    const report = await rebuild({ pool, source, definition, compare: true });
    if (report.identical) this.logger.info({ position: report.position }, 'rebuilt, and nothing differs');
    else this.logger.error({ report }, 'rebuilt, and the running tables differed');
    return report;
  }

  /** Follows the log from where the tables stand. */
  private async follow(): Promise<void> {
    const { source, bus, batchMax } = this.options;
    let live: Generation;
    let run: number;
    do {
      run = this.run;
      live = await this.currentGeneration();
    } while (run !== this.run);
    this.reached = live.position;
    const feed = new Feed({
      name: `projection ${this.name}`,
      source,
      bus,
      from: live.position,
      logId: live.logId,
      batchMax: batchMax ?? 500,
      lingerMs: () => (this.waiting.size > 0 ? 0 : this.lastBatch > BUSY_EVENTS ? BUSY_LINGER_MS : LINGER_MS),
      onEvents: (events) => this.apply(events, () => this.feed === feed),
      onLogChanged: (error) => {
        if (this.feed !== feed) return;
        this.failing = error;
        this.beginAgain(RETRY_MS);
      },
    });
    this.feed = feed;
    feed.start();
  }

  /**
   * Postgres was started anew, or its log is not the one that was followed: what waits here is dropped, and the log is read from
   * where the tables stand now. Tables that are ahead of the log are looked at again and again: `trouble` says so.
   */
  private beginAgain(pauseMs = 0): void {
    this.run += 1;
    this.reached = 0;
    // Without a feed, somebody is looking at the tables already, and looks once more.
    if (!this.feed) return;
    void this.feed.stop();
    this.feed = undefined;
    this.beginning = this.followAgain(pauseMs);
  }

  private async followAgain(pauseMs: number): Promise<void> {
    if (pauseMs > 0) await sleep(pauseMs);
    while (this.endNewRuns && !this.feed) {
      try {
        await this.follow();
        this.failing = undefined;
      } catch (err) {
        this.failing = err as Error;
        this.logger.warn({ err }, 'the tables cannot be looked at yet');
        await sleep(RETRY_MS);
      }
    }
  }

  private async currentGeneration(): Promise<Generation> {
    const { pool, source, definition } = this.options;
    const live = await ensureLive(pool, definition, await source.logId());
    refuseNewer(live, definition);
    if (live.shape === shapeOf(definition)) return live;
    this.logger.info({ position: live.position }, 'the tables have another shape and are built anew');
    try {
      await rebuild({ pool, source, definition, compare: false });
    } catch (error) {
      // Another process of the same program builds them: this one starts when that is done.
      if ((error as { code?: string }).code !== 'CONFLICT') throw error;
      await sleep(500);
    }
    return this.currentGeneration();
  }

  private async lookAfterTables(): Promise<void> {
    const { pool, definition } = this.options;
    this.appliedSinceLook = 0;
    try {
      const live = await readLive(pool, definition);
      if (live) await analyzeGrown(pool, physicalNames(definition, live));
    } catch (err) {
      this.logger.warn({ err }, 'the statistics of the tables could not be renewed');
    }
    this.look = undefined;
  }

  /** @param current false once the tables are followed by another feed */
  private async apply(events: readonly RecordedTollgateEvent[], current: () => boolean): Promise<void> {
    const { pool } = this.options;
    const spans = startSpans(this.name, events);
    try {
      const position = await inTransaction(pool, (client) => this.applyIn(client, events, spans, current), {
        derived: true,
      });
      this.reached = Math.max(this.reached, position);
      for (const check of this.waiting) check();
      this.lastBatch = events.length;
      this.appliedSinceLook += events.length;
      if (this.appliedSinceLook >= EVENTS_PER_LOOK) {
        this.look ??= setTimeout(() => void (this.looking = this.lookAfterTables()), LOOK_MS);
      }
    } finally {
      for (const span of spans) span.end();
    }
  }

  /** @returns the position that the tables have now */
  private async applyIn(
    client: PoolClient,
    events: readonly RecordedTollgateEvent[],
    spans: readonly Span[],
    current: () => boolean,
  ): Promise<number> {
    const { definition } = this.options;
    const tx = prepared(client);
    // The connection may lead to a run of Postgres whose log holds other events at these positions.
    if (!current()) throw new Error('Postgres was started anew: the log is read again');
    await definition.begin?.(tx);
    const live = await lockLive(tx, definition);
    if (live.shape !== shapeOf(definition)) throw new Error('a newer version of this program has built the tables');
    // Another process may have applied some of them.
    const next = events.filter((event) => event.position > live.position);
    if (next.length === 0) return live.position;
    if (next[0]!.position !== live.position + 1) {
      throw new Error(`the checkpoint went back to ${live.position}: start this service again`);
    }
    await within(spans, () => definition.apply(tx, next, tableNames(definition, live.generation)));
    const last = next.at(-1)!.position;
    await setPosition(tx, definition, live.generation, last);
    return last;
  }
}

function refuseNewer(live: Generation, { name, version = 1 }: ProjectionDefinition): void {
  if (live.version <= version) return;
  throw new Error(
    `The projection ${name} was built by version ${live.version} and this program has ${version}: deploy a newer one.`,
  );
}

/** One span for each event that came with a trace, below the span that appended it. */
function startSpans(name: string, events: readonly RecordedTollgateEvent[]): Span[] {
  if (!recordsSpans()) return [];
  return events.flatMap(({ meta: { traceparent }, type, position }) => {
    if (!traceparent) return [];
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
    const attributes = { 'tollgate.event.type': type, 'tollgate.event.position': position };
    return [tracer.startSpan(`projection.apply ${name}`, { kind: SpanKind.CONSUMER, attributes }, parent)];
  });
}

/** Statements of a batch belong to no event in particular, unless there is only one. */
function within<T>(spans: readonly Span[], work: () => Promise<T>): Promise<T> {
  return spans.length === 1 ? context.with(trace.setSpan(context.active(), spans[0]!), work) : work();
}
