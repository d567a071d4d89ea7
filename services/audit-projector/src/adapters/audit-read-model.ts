import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import type { RebuildReport } from '@tollgate/contracts';
import { natsFeedBus, PostgresEventLog, type Pool } from '@tollgate/event-log';
import { ProjectionRunner } from '@tollgate/projection';
import { BUS, HEALTH, POOL, type HealthRegistry } from '@tollgate/runtime';
import { CHECKPOINTS, WITNESS, type ReadModel } from '../application/ports.ts';
import { ocsfStream, recordStream } from '../domain/feed-subject.ts';
import { AuditFeed } from './audit-feed.ts';
import { auditProjection } from './audit-projection.ts';
import { CheckpointLoop } from './checkpoint-loop.ts';
import { CheckpointSigner } from './checkpoint-signer.ts';
import { PostgresWitness, watchRefusals } from './postgres-witness.ts';
import { RetentionLoop } from './retention-loop.ts';

/** Runs the projection `audit`, signs and publishes what it applies, for as long as the service runs. */
@Injectable()
export class AuditReadModel implements ReadModel, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #runner: ProjectionRunner;
  readonly #checkpoints: CheckpointLoop;
  readonly #retention: RetentionLoop;
  readonly #feeds: readonly AuditFeed[];
  #endWatch: () => void = () => undefined;

  constructor(
    @Inject(POOL) pool: Pool,
    @Inject(BUS) bus: Bus,
    @Inject(HEALTH) private readonly health: HealthRegistry,
    @Inject(CHECKPOINTS) signer: CheckpointSigner,
    @Inject(WITNESS) private readonly witness: PostgresWitness,
  ) {
    const streams = process.env['TOLLGATE_AUDIT_OCSF'] === '1' ? [recordStream, ocsfStream] : [recordStream];
    this.#feeds = streams.map((stream) => new AuditFeed(stream, pool, bus, health));
    this.#checkpoints = new CheckpointLoop(signer, health);
    const source = new PostgresEventLog(pool);
    const definition = auditProjection((trees) => this.#checkpoints.grew(trees));
    this.#runner = new ProjectionRunner({ pool, source, bus: natsFeedBus(bus.nc), definition });
    this.#retention = new RetentionLoop(pool, bus, (position) => this.#runner.waitFor(position));
    health.warn('projection audit', () => this.#runner.warning());
  }

  /** Before the first request is taken: the tables exist then. */
  async onApplicationBootstrap(): Promise<void> {
    await this.#runner.start();
    this.#checkpoints.start();
    for (const feed of this.#feeds) feed.start();
    this.#retention.start();
    this.#endWatch = watchRefusals(this.witness, this.health);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#endWatch();
    await this.#retention.stop();
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
    await this.#runner.stop();
    await this.#checkpoints.stop();
  }

  waitFor(position: number): Promise<void> {
    return this.#runner.waitFor(position);
  }

  rebuild(): Promise<RebuildReport> {
    return this.#runner.rebuild();
  }
}
