import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import type { RebuildReport } from '@tollgate/contracts';
import { natsFeedBus, PostgresEventLog, type Pool } from '@tollgate/event-log';
import { ProjectionRunner } from '@tollgate/projection';
import { BUS, HEALTH, POOL, type HealthRegistry } from '@tollgate/runtime';
import type { ReadModel } from '../application/ports.ts';
import { seatsProjection } from './seats-projection.ts';

/** Runs the projection `seats` for as long as the service runs. */
@Injectable()
export class SeatsReadModel implements ReadModel, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #runner: ProjectionRunner;
  #starting: Promise<void> | undefined;

  constructor(@Inject(POOL) pool: Pool, @Inject(BUS) bus: Bus, @Inject(HEALTH) health: HealthRegistry) {
    const source = new PostgresEventLog(pool);
    this.#runner = new ProjectionRunner({ pool, source, bus: natsFeedBus(bus.nc), definition: seatsProjection });
    health.warn('projection seats', () => this.#runner.warning());
  }

  /** Before the first request is taken: the tables exist then. */
  onApplicationBootstrap(): Promise<void> {
    return this.start();
  }

  /** Makes the tables. Whoever needs them at the start of the service waits for this. */
  start(): Promise<void> {
    this.#starting ??= this.#runner.start();
    return this.#starting;
  }

  onApplicationShutdown(): Promise<void> {
    return this.#runner.stop();
  }

  waitFor(position: number): Promise<void> {
    return this.#runner.waitFor(position);
  }

  catchUp(): Promise<void> {
    return this.#runner.catchUp();
  }

  rebuild(): Promise<RebuildReport> {
    return this.#runner.rebuild();
  }
}
