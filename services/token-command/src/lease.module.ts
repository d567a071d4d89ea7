import { Module, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import type { Pool } from '@tollgate/event-log';
import { BUS } from '@tollgate/runtime';
import { BusClosings } from './adapters/bus-closings.ts';
import { openDatabase } from './adapters/database.ts';
import { NatsSignals } from './adapters/nats-signals.ts';
import { PostgresLeases } from './adapters/postgres-leases.ts';
import { CLOSINGS } from './application/development/set-clock.ts';
import { leaseUseCases } from './application/index.ts';
import { RevocationBarrier } from './application/leases/revocation-barrier.ts';
import { LEASE_POOL, LEASE_TERMS, LEASES, SIGNALS } from './application/ports.ts';
import { LogModule } from './log.module.ts';

/** L and M of the promise: a lease of 2 s, renewed every 500 ms, and a margin of 250 ms for clocks that run slow. */
const leaseTerms = { leaseMs: 2_000, marginMs: 250 };

/** Leases of verifiers and the revocation barrier. */
@Module({
  imports: [LogModule],
  providers: [
    { provide: LEASE_TERMS, useValue: leaseTerms },
    { provide: LEASES, inject: [LEASE_POOL], useFactory: (pool: Pool) => new PostgresLeases(openDatabase(pool)) },
    { provide: SIGNALS, inject: [BUS], useFactory: (bus: Bus) => new NatsSignals(bus) },
    { provide: CLOSINGS, inject: [BUS], useFactory: (bus: Bus) => new BusClosings(bus) },
    RevocationBarrier,
    ...leaseUseCases,
  ],
  exports: [RevocationBarrier],
})
export class LeaseModule implements OnModuleInit {
  constructor(private readonly barrier: RevocationBarrier) {}

  async onModuleInit(): Promise<void> {
    await this.barrier.start();
  }
}
