import type { ObservableResult } from '@opentelemetry/api';
import { DiscardPolicy, jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import type { Bus } from '@tollgate/bus';
import { streams, subjects, type UsageBatch } from '@tollgate/contracts';
import { ensureStream } from '@tollgate/event-log';
import { createLogger, meter } from '@tollgate/telemetry';
import type { UsageFeed, UsageReport } from '../application/usage/ports.ts';

const ackTimeoutMs = 2_000;
const retryMs = 1_000;
/** Batches that wait for a JetStream that does not answer: some minutes of a busy verifier. */
const waitingMax = 2_000;
/** What the stream keeps: it is on its way to a warehouse, which reads it at least once a day. */
const keptMs = 7 * 24 * 3_600_000;
const keptBytesMax = 256 * 1024 * 1024;

const logger = createLogger('usage-stream');
let lost = 0;
meter
  .createObservableCounter('tollgate_usage_batches_lost', {
    description: 'Batches of counts that the stream TOLLGATE_USAGE never got; the counts of tokens have them',
  })
  .addCallback((result: ObservableResult) => result.observe(lost));

/**
 * Publishes batches of counts into the stream `TOLLGATE_USAGE` once they are counted. A verifier waits for none of it: what
 * JetStream does not take now is tried again while this process lives, in order.
 */
export class UsageStream implements UsageFeed {
  readonly #js: JetStreamClient;
  readonly #waiting: UsageReport[] = [];
  #running: Promise<void> | null = null;
  #ready = false;
  #stopped = false;

  constructor(bus: Bus) {
    this.#js = jetstream(bus.nc, { timeout: ackTimeoutMs });
  }

  /** Makes the stream, so that it can be read before anything was counted. Without JetStream the first batch makes it. */
  start(): void {
    void this.#ensure().catch((err: unknown) => logger.warn({ err }, 'the stream of usage cannot be made yet'));
  }

  publish(report: UsageReport): void {
    if (this.#waiting.length >= waitingMax) {
      this.#waiting.shift();
      lost += 1;
    }
    this.#waiting.push(report);
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  /** Hands over what waits; from the first batch that JetStream does not take, the rest is lost to the stream. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        if (!this.#ready) await this.#ensure();
        await this.#js.publish(subjects.usageCounts, JSON.stringify(batchOf(next)), {
          msgID: `${next.incarnation}:${next.sequence}`,
          expect: { streamName: streams.usage },
        });
        if (this.#waiting[0] === next) this.#waiting.shift();
      } catch (err) {
        this.#ready = false;
        if (this.#stopped) break;
        logger.warn(
          { err, waiting: this.#waiting.length },
          'JetStream does not take counts of use; they are tried again',
        );
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    lost += this.#waiting.length;
  }

  async #ensure(): Promise<void> {
    await ensureStream(this.#js, {
      name: streams.usage,
      subjects: [subjects.usage],
      discard: DiscardPolicy.Old,
      max_age: nanos(keptMs),
      max_bytes: keptBytesMax,
    });
    this.#ready = true;
  }
}

/** Columns to rows: other programs read them. */
function batchOf({ incarnation, sequence, orgs, tokens, calls, lastUsedMs, previousUsedMs }: UsageReport): UsageBatch {
  return {
    verifier: incarnation,
    sequence,
    tokens: tokens.map((tokenId, index) => ({
      orgId: orgs[index]!,
      tokenId,
      calls: calls[index]!,
      lastUsedAt: new Date(lastUsedMs[index]!).toISOString(),
      previousUsedAt: instantOrNull(previousUsedMs[index]),
    })),
  };
}

const instantOrNull = (ms: number | null | undefined) => (typeof ms === 'number' ? new Date(ms).toISOString() : null);
