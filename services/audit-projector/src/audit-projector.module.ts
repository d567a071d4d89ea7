import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import type { Pool } from '@tollgate/event-log';
import { loadOrCreateSigningKey } from '@tollgate/proof';
import { CONFIGURATION, POOL, type Configuration } from '@tollgate/runtime';
import { AuditReadModel } from './adapters/audit-read-model.ts';
import { CheckpointSigner } from './adapters/checkpoint-signer.ts';
import { PostgresEntries } from './adapters/postgres-entries.ts';
import { PostgresWitness } from './adapters/postgres-witness.ts';
import { PostgresTrees } from './adapters/postgres-trees.ts';
import { ReadReporter } from './adapters/read-reporter.ts';
import { useCases } from './application/index.ts';
import { keyName } from './domain/tree.ts';
import { CHECKPOINTS, ENTRIES, READ_MODEL, READERS, TREES, WITNESS } from './application/ports.ts';

/** audit-projector: the audit log, one entry per event of the main log. */
@Module({
  controllers: [operationsController('audit-projector')],
  providers: [
    ...useCases,
    { provide: READ_MODEL, useClass: AuditReadModel },
    { provide: READERS, useClass: ReadReporter },
    { provide: ENTRIES, useFactory: (pool: Pool) => new PostgresEntries(pool), inject: [POOL] },
    { provide: WITNESS, useFactory: (pool: Pool) => new PostgresWitness(pool), inject: [POOL] },
    { provide: TREES, useFactory: (pool: Pool) => new PostgresTrees(pool), inject: [POOL] },
    {
      provide: CHECKPOINTS,
      useFactory: async (pool: Pool, { dataDir }: Configuration) => {
        const keyFile = process.env['TOLLGATE_AUDIT_KEY_FILE'] || join(dataDir, 'audit-checkpoint-key.pem');
        return new CheckpointSigner(pool, await loadOrCreateSigningKey(keyFile, keyName));
      },
      inject: [POOL, CONFIGURATION],
    },
  ],
})
export class AuditProjectorModule {}
