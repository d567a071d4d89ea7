import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import { BUS } from '@tollgate/runtime';
import type { Kysely } from 'kysely';
import type { Database } from './adapters/database.ts';
import { PostgresUsage } from './adapters/postgres-usage.ts';
import { UsageStream } from './adapters/usage-stream.ts';
import { usageUseCases } from './application/index.ts';
import { DATABASE, USAGE, USAGE_FEED } from './application/ports.ts';
import { Recorder } from './application/usage/recorder.ts';
import { LogModule } from './log.module.ts';

/** What verifiers report: how often tokens were used, and who was refused. */
@Module({
  imports: [LogModule],
  providers: [
    { provide: USAGE, inject: [DATABASE], useFactory: (db: Kysely<Database>) => new PostgresUsage(db) },
    { provide: USAGE_FEED, inject: [BUS], useFactory: (bus: Bus) => new UsageStream(bus) },
    Recorder,
    ...usageUseCases,
  ],
})
export class UsageModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(USAGE_FEED) private readonly feed: UsageStream) {}

  onModuleInit(): void {
    this.feed.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.feed.stop();
  }
}
