import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { RebuildReport, RecordedTollgateEvent } from '@tollgate/contracts';
import { onNewRun, PostgresEventLog, type Pool } from '@tollgate/event-log';
import { ProjectionRunner } from '@tollgate/projection';
import { HEALTH, POOL, type HealthRegistry } from '@tollgate/runtime';
import { billingLog, CommitBus } from './billing-log.ts';
import { RecentEvents } from './recent-events.ts';
import { ledgerProjection } from './ledger-projection.ts';

/** A closing waits for its own lines; a hundred thousand of them take a while to apply. */
const catchUpMs = 60_000;

/** Runs the projection `ledger` for as long as the service runs. */
@Injectable()
export class LedgerReadModel implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly log: PostgresEventLog;
  readonly #recent: RecentEvents;
  readonly #bus = new CommitBus();
  readonly #runner: ProjectionRunner;
  #logId = '';
  #starting: Promise<void> | undefined;

  constructor(@Inject(POOL) pool: Pool, @Inject(HEALTH) health: HealthRegistry) {
    this.log = new PostgresEventLog(pool, billingLog);
    this.#recent = new RecentEvents(this.log);
    onNewRun(pool, () => this.#recent.forget());
    this.#runner = new ProjectionRunner({ pool, source: this.#recent, bus: this.#bus, definition: ledgerProjection });
    health.warn('projection ledger', () => this.#runner.warning());
  }

  /** Makes the tables. Whoever needs them at the start of the service waits for this. */
  start(): Promise<void> {
    this.#starting ??= (async () => {
      this.#logId = await this.log.logId();
      await this.#runner.start();
    })();
    return this.#starting;
  }

  onApplicationBootstrap(): Promise<void> {
    return this.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#runner.stop();
  }

  /** Says that this process has appended events. */
  committed(events: readonly RecordedTollgateEvent[]): void {
    this.#recent.add(events);
    this.#bus.announce(this.#logId, events.at(-1)!.position);
  }

  /** Waits until everything that is in the billing log now can be read. @throws TollgateError READ_MODEL_BEHIND */
  booked(): Promise<void> {
    return this.#runner.catchUp(catchUpMs);
  }

  /** The same for a reader, who waits no longer than 2 s. */
  catchUp(): Promise<void> {
    return this.#runner.catchUp();
  }

  rebuild(): Promise<RebuildReport> {
    return this.#runner.rebuild();
  }
}
