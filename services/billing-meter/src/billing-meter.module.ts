import { Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import { chargesCapture, chargesRelease, chargesReserve, isTollgateError } from '@tollgate/contracts';
import { onNewRun, type Pool } from '@tollgate/event-log';
import { HEALTH, POOL, type HealthRegistry } from '@tollgate/runtime';
import { BalancePublisher } from './adapters/balance-publisher.ts';
import { BillingAppender } from './adapters/billing-appender.ts';
import { BillingFeed } from './adapters/billing-feed.ts';
import { LeaderLock } from './adapters/leader-lock.ts';
import { LedgerReadModel } from './adapters/ledger-read-model.ts';
import { PostgresBalanceCheck } from './adapters/postgres-balance-check.ts';
import { PostgresBalances } from './adapters/postgres-balances.ts';
import { bookkeepingTables, PostgresBooks } from './adapters/postgres-books.ts';
import { PostgresFacts } from './adapters/postgres-facts.ts';
import { PostgresLedgers } from './adapters/postgres-ledgers.ts';
import { PostgresMainReader } from './adapters/postgres-main-reader.ts';
import { PostgresStatements } from './adapters/postgres-statements.ts';
import { SeatsReadModel } from './adapters/seats-read-model.ts';
import { ClosingTimer } from './application/bookkeeping/closing-timer.ts';
import {
  BILLING_WRITER,
  BOOKS,
  FACTS,
  LEADERSHIP,
  type BillingWriter,
  type Books,
} from './application/bookkeeping/ports.ts';
import { BalanceTimer } from './application/charges/balance-timer.ts';
import { BalanceBooks } from './application/charges/books.ts';
import {
  BALANCE_CHECK,
  BALANCE_NEWS,
  BALANCE_STORE,
  BALANCE_WRITER,
  CHARGE_LIST,
  MAIN_READER,
  type BalanceWriter,
} from './application/charges/ports.ts';
import { bookkeeping, charging, useCases } from './application/index.ts';
import { LEDGER_MODEL, LEDGERS, READ_MODEL } from './application/ports.ts';
import { STATEMENTS } from './application/statements/ports.ts';

/** Starts what works by itself, once the read models are there. */
@Injectable()
class Start implements OnApplicationBootstrap {
  constructor(
    @Inject(POOL) private readonly pool: Pool,
    @Inject(READ_MODEL) private readonly seats: SeatsReadModel,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(HEALTH) private readonly health: HealthRegistry,
    private readonly ledger: LedgerReadModel,
    private readonly timer: ClosingTimer,
    private readonly feed: BillingFeed,
    private readonly balances: BalanceTimer,
    private readonly balanceBooks: BalanceBooks,
    private readonly publisher: BalancePublisher,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    onNewRun(this.pool, () => {
      this.balanceBooks.forget();
      this.balances.forget();
    });
    await this.pool.query(
      `BEGIN; SELECT pg_advisory_xact_lock(hashtext('billing tables')); ${bookkeepingTables}; COMMIT`,
    );
    await Promise.all([this.seats.start(), this.ledger.start()]);
    this.timer.start();
    this.feed.start();
    this.balances.start();
    this.publisher.start();
    this.health.warn('closing', async () => {
      const halted = [...(await this.books.halts())].map(([org, reason]) => `${org}: ${reason}`);
      if (halted.length > 0) return halted.slice(0, 3).join('; ');
      const { trouble } = this.timer;
      // A read model that is behind has a warning of its own.
      if (!trouble || isTollgateError(trouble, 'READ_MODEL_BEHIND')) return null;
      return `nothing is booked right now: ${trouble.message}`;
    });
  }
}

const balanceWriter = (writer: BillingWriter): BalanceWriter => ({
  append: ({ orgId, ...request }) => writer.append({ orgId, stream: `balance-${orgId}`, ...request }),
});

/**
 * billing-meter: what a seat costs and which seats there are, read from the projection `seats` of the main log; statements
 * and finance's feed, written to the billing log and read from its projection `ledger`.
 */
@Module({
  controllers: [operationsController('billing-meter', { direct: [chargesReserve, chargesCapture, chargesRelease] })],
  providers: [
    ...useCases,
    ...bookkeeping,
    ...charging,
    LedgerReadModel,
    BillingFeed,
    Start,
    { provide: READ_MODEL, useClass: SeatsReadModel },
    { provide: LEDGER_MODEL, useExisting: LedgerReadModel },
    { provide: LEDGERS, useFactory: (pool: Pool) => new PostgresLedgers(pool), inject: [POOL] },
    { provide: BOOKS, useClass: PostgresBooks },
    { provide: FACTS, useClass: PostgresFacts },
    { provide: STATEMENTS, useClass: PostgresStatements },
    { provide: LEADERSHIP, useClass: LeaderLock },
    { provide: BILLING_WRITER, useClass: BillingAppender },
    PostgresBalances,
    BalancePublisher,
    { provide: MAIN_READER, useClass: PostgresMainReader },
    { provide: BALANCE_STORE, useExisting: PostgresBalances },
    { provide: BALANCE_CHECK, useClass: PostgresBalanceCheck },
    { provide: CHARGE_LIST, useExisting: PostgresBalances },
    { provide: BALANCE_NEWS, useExisting: BalancePublisher },
    { provide: BALANCE_WRITER, useFactory: balanceWriter, inject: [BILLING_WRITER] },
  ],
})
export class BillingMeterModule {}
