import { Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import type { Pool } from '@tollgate/event-log';
import { BUS } from '@tollgate/runtime';
import { BusClosings } from './adapters/bus-closings.ts';
import { openDatabase } from './adapters/database.ts';
import { NatsSignals } from './adapters/nats-signals.ts';
import { PostgresLeases } from './adapters/postgres-leases.ts';
import { CLOSINGS } from './application/development/set-clock.ts';
import { leaseUseCases } from './application/index.ts';
import { LeaseWatch } from './application/leases/lease-watch.ts';
import { RevocationBarrier } from './application/leases/revocation-barrier.ts';
import { LEASE_POOL, LEASE_TERMS, LEASES, SIGNALS } from './application/ports.ts';
import { LogModule } from './log.module.ts';

/** L and M of the promise: a lease of 2 s, renewed every 500 ms, and a margin of 250 ms for clocks that run slow. */
const leaseTerms = { leaseMs: 2_000, marginMs: 250 };
/** How soon it is noticed that Postgres was restored while nothing was narrowed. */
const watchEveryMs = 500;

/** Leases of verifiers and the revocation barrier. */
@Module({
  imports: [LogModule],
  providers: [
    { provide: LEASE_TERMS, useValue: leaseTerms },
    { provide: LEASES, inject: [LEASE_POOL], useFactory: (pool: Pool) => new PostgresLeases(openDatabase(pool)) },
    { provide: SIGNALS, inject: [BUS], useFactory: (bus: Bus) => new NatsSignals(bus) },
    { provide: CLOSINGS, inject: [BUS], useFactory: (bus: Bus) => new BusClosings(bus) },
    LeaseWatch,
    RevocationBarrier,
    ...leaseUseCases,
  ],
  exports: [RevocationBarrier],
})
export class LeaseModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly barrier: RevocationBarrier,
    private readonly watch: LeaseWatch,
  ) {}

  async onModuleInit(): Promise<void> {
    this.watch.start(watchEveryMs);
    await this.barrier.start();
  }

  onApplicationShutdown(): void {
    this.watch.stop();
  }
}
