import { isTollgateError, type Decision } from '@tollgate/contracts';
import { createLogger } from '@tollgate/telemetry';
import { RefusedAttempts, type Attempts } from './refused-attempts.ts';
import { UsageCounts, type UsageBatch } from './usage-counts.ts';

/** Where reports go. Both reject when they were not answered; then it is unknown whether they arrived. */
export interface UsageSink {
  report(batch: UsageBatch): Promise<unknown>;
  reportAttempts(report: { incarnation: string; attempts: Attempts[] }): Promise<unknown>;
}

export interface ReporterOptions {
  /** Random for each process: what tells a repetition from another report. */
  readonly incarnation: string;
  /** Authority time, Unix milliseconds. */
  readonly now: () => number;
  readonly sink: UsageSink;
  /** 250 by default: what a SIGKILL can lose. */
  readonly everyMs?: number;
  /** How long a shutdown tries to hand over what is left. */
  readonly leaveMs?: number;
}

const logger = createLogger('usage');

/**
 * Counts what verifications do and reports it in batches. A report is repeated unchanged until it is answered, and the next one waits
 * for it; the receiver knows repetitions by incarnation and sequence (attempts: by their part). So each use counts once.
 */
export class UsageReporter {
  readonly #options: Required<ReporterOptions>;
  /** What is being counted. */
  #counts = new UsageCounts();
  /** What was counted before the round of reports that is under way. */
  #due = new UsageCounts();
  readonly #attempts = new RefusedAttempts();
  #batch: UsageBatch | null = null;
  #refused: Attempts[] = [];
  #sequence = 0;
  #sending: Promise<void> | null = null;
  #failing = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ReporterOptions) {
    this.#options = { everyMs: 250, leaveMs: 5000, ...options };
  }

  /** Runs on every decision. What could not be decided is no attempt. */
  count(decision: Decision): void {
    if (decision.valid) this.#counts.add(decision, this.#options.now());
    else if (decision.tokenId !== undefined && decision.code !== 'UNDECIDABLE') {
      this.#attempts.add(decision, this.#options.now());
    }
  }

  start(): void {
    this.#timer = setInterval(() => void this.#send(false), this.#options.everyMs);
  }

  /** No verification is in flight any more: hands over everything, trying again while it is not answered. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    const deadline = performance.now() + this.#options.leaveMs;
    await this.#sending;
    while (!(await this.#send(true))) {
      if (performance.now() > deadline) {
        const tokens = this.#counts.size + this.#due.size + (this.#batch?.tokens.length ?? 0);
        logger.error({ tokens }, 'the last counts of use could not be reported: they are lost');
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Sends what is due, one round at a time. Resolves to false when something is left that was not answered. */
  async #send(all: boolean): Promise<boolean> {
    if (this.#sending) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sending = promise;
    try {
      await this.#sendUsage();
      await this.#sendAttempts(all);
      if (this.#failing) logger.info('counts of use are reported again');
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing) logger.warn({ err: error }, 'counts of use are kept and reported again and again');
      this.#failing = true;
      return false;
    } finally {
      this.#sending = null;
      resolve();
    }
  }

  /**
   * Reports what was counted until now. What is counted meanwhile waits for the next round: a busy verifier would otherwise
   * report without a pause, a few counts at a time.
   */
  async #sendUsage(): Promise<void> {
    const { incarnation, sink } = this.#options;
    const counted = this.#counts;
    for (;;) {
      if (!this.#batch) {
        if (this.#due.size === 0 && this.#counts === counted) [this.#due, this.#counts] = [counted, new UsageCounts()];
        const columns = this.#due.take();
        if (columns === null) return;
        this.#batch = { incarnation, sequence: ++this.#sequence, ...columns };
      }
      await untilRefused(sink.report(this.#batch));
      this.#batch = null;
    }
  }

  async #sendAttempts(all: boolean): Promise<void> {
    const { incarnation, sink, now } = this.#options;
    for (;;) {
      if (this.#refused.length === 0) this.#refused = this.#attempts.take(now(), all);
      if (this.#refused.length === 0) return;
      await untilRefused(sink.reportAttempts({ incarnation, attempts: this.#refused }));
      this.#refused = [];
    }
  }
}

/** What the receiver will never take must not hold up the rest. Everything else is tried again. */
async function untilRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!isTollgateError(error, 'INVALID_INPUT')) throw error;
    logger.error({ err: error }, 'a report of use was refused for its shape, and is dropped');
  }
}
