import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import {
  createPool,
  EventAppender,
  type EventSource,
  Feed,
  natsFeedBus,
  type Pool,
  PostgresEventLog,
  Relay,
} from '@tollgate/event-log';
import { BUS, type Configuration, CONFIGURATION, POOL } from '@tollgate/runtime';
import { openDatabase } from './adapters/database.ts';
import { masterKey } from './adapters/master-key.ts';
import { PostgresIdempotencyKeys } from './adapters/postgres-idempotency-keys.ts';
import { PostgresPeople } from './adapters/postgres-people.ts';
import { AuthorityClock } from './application/authority-clock.ts';
import { CommandRunner } from './application/command-runner.ts';
import { logUseCases } from './application/index.ts';
import { LogPosition } from './application/log-position.ts';
import {
  DATABASE,
  EVENT_SOURCE,
  EVENT_STORE,
  IDEMPOTENCY_KEYS,
  PEOPLE,
  LEASE_POOL,
  STREAMS,
} from './application/ports.ts';
import { RequestHash } from './application/request-hash.ts';
import { StartLog } from './application/start-log.ts';

const leaseConnectionsMax = 4;

/** The event log: append, read, relay to the bus. Everything else of this service stands on it. */
@Module({
  providers: [
    { provide: DATABASE, inject: [POOL], useFactory: openDatabase },
    {
      provide: LEASE_POOL,
      inject: [CONFIGURATION],
      useFactory: ({ databaseUrl }: Configuration) =>
        createPool(databaseUrl as string, { name: 'token-command leases', max: leaseConnectionsMax }),
    },
    { provide: EVENT_SOURCE, inject: [LEASE_POOL], useFactory: (pool: Pool) => new PostgresEventLog(pool) },
    { provide: STREAMS, inject: [POOL], useFactory: (pool: Pool) => new PostgresEventLog(pool) },
    {
      provide: Relay,
      inject: [CONFIGURATION, BUS],
      useFactory: ({ databaseUrl }: Configuration, bus: Bus) => new Relay({ url: databaseUrl as string, nc: bus.nc }),
    },
    {
      provide: EVENT_STORE,
      inject: [CONFIGURATION, Relay],
      useFactory: ({ databaseUrl }: Configuration, relay: Relay) =>
        new EventAppender({ url: databaseUrl as string, onCommitted: (events) => relay.wake(events) }),
    },
    {
      provide: IDEMPOTENCY_KEYS,
      inject: [DATABASE],
      useFactory: (db: ReturnType<typeof openDatabase>) => new PostgresIdempotencyKeys(db),
    },
    {
      provide: PEOPLE,
      inject: [DATABASE],
      useFactory: (db: ReturnType<typeof openDatabase>) => new PostgresPeople(db),
    },
    AuthorityClock,
    {
      provide: RequestHash,
      inject: [CONFIGURATION],
      useFactory: async ({ dataDir }: Configuration) => new RequestHash(await masterKey(process.env, dataDir)),
    },
    CommandRunner,
    LogPosition,
    StartLog,
    ...logUseCases,
  ],
  exports: [
    DATABASE,
    EVENT_STORE,
    LEASE_POOL,
    EVENT_SOURCE,
    STREAMS,
    PEOPLE,
    AuthorityClock,
    CommandRunner,
    RequestHash,
    LogPosition,
  ],
})
export class LogModule implements OnModuleInit, OnApplicationShutdown {
  private clockFeed: Feed | undefined;

  constructor(
    private readonly relay: Relay,
    private readonly startLog: StartLog,
    private readonly clock: AuthorityClock,
    @Inject(EVENT_STORE) private readonly appender: EventAppender,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    @Inject(LEASE_POOL) private readonly leasePool: Pool,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  async onModuleInit(): Promise<void> {
    // Before the clock's stream is read: what another process appends in between is followed then, and twice is no harm.
    const head = await this.source.head();
    await this.startLog.run();
    this.relay.start();
    this.clockFeed = this.followTheClock(head);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.appender.close();
    await this.clockFeed?.stop();
    await this.relay.stop();
    await this.leasePool.end();
  }

  /** Another process of this service may move the development clock. */
  private followTheClock(from: number): Feed {
    const feed = new Feed({
      name: 'authority-clock',
      source: this.source,
      bus: natsFeedBus(this.bus.nc),
      from,
      onEvents: async (events) => {
        for (const event of events) if (event.type === 'ClockMoved') this.clock.advanceTo(event.data.offsetMs);
      },
    });
    feed.start();
    return feed;
  }
}
