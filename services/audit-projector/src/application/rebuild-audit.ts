import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler } from '@tollgate/bus';
import { rebuildAudit, type RebuildReport } from '@tollgate/contracts';
import { READ_MODEL, type ReadModel } from './ports.ts';

/** Rebuilds the projection beside the running one, compares and switches. */
@Handles(rebuildAudit)
export class RebuildAudit implements OperationHandler<typeof rebuildAudit> {
  constructor(@Inject(READ_MODEL) private readonly readModel: ReadModel) {}

  execute(): Promise<RebuildReport> {
    return this.readModel.rebuild();
  }
}
