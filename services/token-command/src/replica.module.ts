import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import { type EventSource, natsFeedBus, type Pool } from '@tollgate/event-log';
import { ProjectionRunner } from '@tollgate/projection';
import { BUS, HEALTH, type HealthRegistry, POOL } from '@tollgate/runtime';
import { PostgresReplicaRows } from './adapters/postgres-replica-rows.ts';
import { replicaProjection } from './adapters/replica-projection.ts';
import { replicaUseCases } from './application/index.ts';
import { EVENT_SOURCE, LEASE_POOL, REPLICA_PROJECTION, REPLICA_ROWS } from './application/ports.ts';
import { LogModule } from './log.module.ts';

/** What verifiers begin with: the rows of their replica, as a projection of the log. */
@Module({
  imports: [LogModule],
  providers: [
    {
      provide: REPLICA_PROJECTION,
      inject: [POOL, EVENT_SOURCE, BUS],
      useFactory: (pool: Pool, source: EventSource, bus: Bus) =>
        new ProjectionRunner({ pool, source, bus: natsFeedBus(bus.nc), definition: replicaProjection }),
    },
    // Beside the leases: a verifier that begins must not wait for requests of people.
    { provide: REPLICA_ROWS, inject: [LEASE_POOL], useFactory: (pool: Pool) => new PostgresReplicaRows(pool) },
    ...replicaUseCases,
  ],
})
export class ReplicaModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(REPLICA_PROJECTION) private readonly projection: ProjectionRunner,
    @Inject(HEALTH) private readonly health: HealthRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.projection.start();
    this.health.warn('projection credentials', () => this.projection.warning());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.projection.stop();
  }
}
