import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import { type EventSource, natsFeedBus, type Pool } from '@tollgate/event-log';
import { ProjectionRunner } from '@tollgate/projection';
import { BUS, HEALTH, type HealthRegistry, POOL } from '@tollgate/runtime';
import type { Kysely } from 'kysely';
import type { Database } from './adapters/database.ts';
import { PostgresDirectoryList } from './adapters/postgres-directory-list.ts';
import { PostgresProductList } from './adapters/postgres-product-list.ts';
import { PostgresTokenList } from './adapters/postgres-token-list.ts';
import { tokenListProjection } from './adapters/token-list-projection.ts';
import { DATABASE, DIRECTORY_LIST, EVENT_SOURCE, PRODUCT_LIST, READ_MODEL, TOKEN_LIST } from './application/ports.ts';
import { LogModule } from './log.module.ts';

/** The read model of tokens, accounts and spaces: a projection of the log, and the lists that read it. */
@Module({
  imports: [LogModule],
  providers: [
    {
      provide: ProjectionRunner,
      inject: [POOL, EVENT_SOURCE, BUS],
      useFactory: (pool: Pool, source: EventSource, bus: Bus) =>
        new ProjectionRunner({ pool, source, bus: natsFeedBus(bus.nc), definition: tokenListProjection }),
    },
    { provide: READ_MODEL, useExisting: ProjectionRunner },
    { provide: TOKEN_LIST, inject: [DATABASE], useFactory: (db: Kysely<Database>) => new PostgresTokenList(db) },
    {
      provide: DIRECTORY_LIST,
      inject: [DATABASE],
      useFactory: (db: Kysely<Database>) => new PostgresDirectoryList(db),
    },
    { provide: PRODUCT_LIST, inject: [DATABASE], useFactory: (db: Kysely<Database>) => new PostgresProductList(db) },
  ],
  exports: [READ_MODEL, TOKEN_LIST, DIRECTORY_LIST, PRODUCT_LIST],
})
export class ReadModelModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly projection: ProjectionRunner,
    @Inject(HEALTH) private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.projection.start();
    this.health.warn('projection token-list', () => this.projection.warning());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.projection.stop();
  }
}
