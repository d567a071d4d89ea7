import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { isTollgateError } from '@tollgate/contracts';
import { isUnavailable } from '@tollgate/event-log';
import { Loop } from '@tollgate/runtime';
import { createLogger } from '@tollgate/telemetry';
import { LEADERSHIP, type Leadership } from '../bookkeeping/ports.ts';
import { BalanceBooks } from './books.ts';
import { BALANCE_STORE, MAIN_READER, type BalanceStore, type MainReader } from './ports.ts';

const everyMs = 250;
const retryMs = 2_000;

/**
 * Books what nobody asks for: top-ups of organizations that charge nothing, and reservations whose time has come. One process
 * does it; if two did, the balance's own order would let one of them find nothing left.
 */
@Injectable()
export class BalanceTimer implements OnApplicationShutdown {
  readonly #logger = createLogger('balances');
  readonly #loop = new Loop({
    everyMs,
    retryMs: () => retryMs,
    round: async (ending) => {
      if (await this.leadership.lead()) await this.#pass(ending);
    },
    onFailure: (err) => this.#logger.warn({ err }, 'settling balances failed and is repeated'),
  });
  /** The log `main` was looked through up to here. A process that begins looks through all of it once. */
  #seen = { position: 0 };

  constructor(
    private readonly books: BalanceBooks,
    @Inject(BALANCE_STORE) private readonly store: BalanceStore,
    @Inject(MAIN_READER) private readonly main: MainReader,
    @Inject(LEADERSHIP) private readonly leadership: Leadership,
  ) {}

  /** The log may be another state of itself: all of it is looked through again. */
  forget(): void {
    this.#seen = { position: 0 };
  }

  /** Once the read models are there. */
  start(): void {
    this.#loop.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #pass(ending: AbortSignal): Promise<void> {
    const { clockOffsetMs } = await this.main.read([]);
    const now = new Date(Date.now() + clockOffsetMs).toISOString();
    const seen = this.#seen;
    const { orgIds, position } = await this.store.stirred(seen.position);
    const failures: unknown[] = [];
    for (const orgId of new Set([...orgIds, ...(await this.store.due(now))])) {
      if (ending.aborted) return;
      await this.#settle(orgId, failures);
    }
    // Until all are settled, those that failed are looked for again.
    if (failures.length > 0) throw failures[0];
    seen.position = position;
  }

  /** What is wrong with one balance is not to hold up the others; what is wrong with the servers ends the pass. */
  async #settle(orgId: string, failures: unknown[]): Promise<void> {
    try {
      await this.books.settle(orgId);
    } catch (err) {
      if (isTollgateError(err) || isUnavailable(err)) throw err;
      this.#logger.error({ err, orgId }, 'a balance cannot be settled');
      failures.push(err);
    }
  }
}
