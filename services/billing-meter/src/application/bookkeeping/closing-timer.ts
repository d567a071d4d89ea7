import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Loop } from '@tollgate/runtime';
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
  readonly #loop = new Loop({
    everyMs,
    retryMs: (failures) => Math.min(retryMaxMs, everyMs * 2 ** (failures - 1)),
    round: (ending) => this.#round(ending),
    onFailure: (err) => {
      // What the books know is read again: the failure may have been that somebody else wrote.
      this.#led = false;
      this.#logger.warn({ err }, 'a pass of the clerk failed and is repeated');
    },
  });
  #led = false;

  constructor(
    private readonly clerk: Clerk,
    private readonly comparisons: ComparisonLoop,
    @Inject(LEADERSHIP) private readonly leadership: Leadership,
  ) {}

  /** Why nothing is booked right now; undefined while all is well. */
  get trouble(): Error | undefined {
    return this.#loop.failure;
  }

  /** Once the read models are there. */
  start(): void {
    this.#loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#loop.stop();
    await this.comparisons.ended();
  }

  /** @returns the milliseconds until the next round */
  async #round(ending: AbortSignal): Promise<number> {
    const leads = await this.leadership.lead();
    if (leads && !this.#led) this.clerk.forget();
    this.#led = leads;
    if (!leads) return standbyMs;
    await this.clerk.pass();
    this.comparisons.look(() => performance.now(), ending);
    return everyMs;
  }
}
