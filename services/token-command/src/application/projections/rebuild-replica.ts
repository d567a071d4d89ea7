import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler } from '@tollgate/bus';
import { rebuildReplica, type RebuildReport } from '@tollgate/contracts';
import { REPLICA_PROJECTION } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';

@Handles(rebuildReplica)
export class RebuildReplica implements OperationHandler<typeof rebuildReplica> {
  constructor(@Inject(REPLICA_PROJECTION) private readonly projection: Pick<ReadModel, 'rebuild'>) {}

  execute(): Promise<RebuildReport> {
    return this.projection.rebuild();
  }
}
