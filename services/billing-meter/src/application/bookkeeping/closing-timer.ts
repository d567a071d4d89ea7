import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createLogger } from '@tollgate/telemetry';
import { Clerk } from './clerk.ts';
import { ComparisonLoop } from './comparison-loop.ts';
import { LEADERSHIP, type Leadership } from './ports.ts';

/** How often the clerk looks for what happened and what fell due. */
const everyMs = 250;
const standbyMs = 500;
const retryMaxMs = 5_000;

/** Lets the clerk of the leading process do its passes, one after the other. */
@Injectable()
export class ClosingTimer implements OnApplicationShutdown {
  readonly #logger = createLogger('clerk');
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #trouble: Error | undefined;

  constructor(
    private readonly clerk: Clerk,
    private readonly comparisons: ComparisonLoop,
    @Inject(LEADERSHIP) private readonly leadership: Leadership,
  ) {}

  /** Why nothing is booked right now; undefined while all is well. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  /** Once the read models are there. */
  start(): void {
    this.#running ??= this.#run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.comparisons.ended();
  }

  async #run(): Promise<void> {
    let led = false;
    for (let failures = 0; !this.#ending.signal.aborted;) {
      let waitMs = everyMs;
      try {
        const leads = await this.leadership.lead();
        if (leads && !led) this.clerk.forget();
        led = leads;
        if (leads) {
          await this.clerk.pass();
          this.comparisons.look(() => performance.now(), this.#ending.signal);
        } else waitMs = standbyMs;
        failures = 0;
        this.#trouble = undefined;
      } catch (err) {
        this.#trouble = err as Error;
        waitMs = Math.min(retryMaxMs, everyMs * 2 ** failures++);
        // What the books know is read again: the failure may have been that somebody else wrote.
        led = false;
        if (!this.#ending.signal.aborted)
          this.#logger.warn({ err, waitMs }, 'a pass of the clerk failed and is repeated');
      }
      await sleep(waitMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    }
  }
}
