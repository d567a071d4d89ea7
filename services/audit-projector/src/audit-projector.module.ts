import { Module } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import type { Pool } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import { AuditReadModel } from './adapters/audit-read-model.ts';
import { PostgresEntries } from './adapters/postgres-entries.ts';
import { useCases } from './application/index.ts';
import { ENTRIES, READ_MODEL } from './application/ports.ts';

/** audit-projector: the audit log, one entry per event of the main log. */
@Module({
  controllers: [operationsController('audit-projector')],
  providers: [
    ...useCases,
    { provide: READ_MODEL, useClass: AuditReadModel },
    { provide: ENTRIES, useFactory: (pool: Pool) => new PostgresEntries(pool), inject: [POOL] },
  ],
})
export class AuditProjectorModule {}
