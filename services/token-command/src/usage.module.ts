import { Module } from '@nestjs/common';
import type { Kysely } from 'kysely';
import type { Database } from './adapters/database.ts';
import { PostgresStreamVersions, PostgresUsage } from './adapters/postgres-usage.ts';
import { usageUseCases } from './application/index.ts';
import { DATABASE, STREAM_VERSIONS, USAGE } from './application/ports.ts';
import { Recorder } from './application/usage/recorder.ts';
import { LogModule } from './log.module.ts';

/** What verifiers report: how often tokens were used, and who was refused. */
@Module({
  imports: [LogModule],
  providers: [
    { provide: USAGE, inject: [DATABASE], useFactory: (db: Kysely<Database>) => new PostgresUsage(db) },
    {
      provide: STREAM_VERSIONS,
      inject: [DATABASE],
      useFactory: (db: Kysely<Database>) => new PostgresStreamVersions(db),
    },
    Recorder,
    ...usageUseCases,
  ],
})
export class UsageModule {}
