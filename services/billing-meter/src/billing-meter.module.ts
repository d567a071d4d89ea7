import { Module } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import type { Pool } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import { PostgresLedgers } from './adapters/postgres-ledgers.ts';
import { SeatsReadModel } from './adapters/seats-read-model.ts';
import { useCases } from './application/index.ts';
import { LEDGERS, READ_MODEL } from './application/ports.ts';

/** billing-meter: what a seat costs and which seats there are, read from the projection `seats` of the main log. */
@Module({
  controllers: [operationsController('billing-meter')],
  providers: [
    ...useCases,
    { provide: READ_MODEL, useClass: SeatsReadModel },
    { provide: LEDGERS, useFactory: (pool: Pool) => new PostgresLedgers(pool), inject: [POOL] },
  ],
})
export class BillingMeterModule {}
