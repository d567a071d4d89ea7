import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler } from '@tollgate/bus';
import { rebuildTokenList, type RebuildReport } from '@tollgate/contracts';
import { READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';

@Handles(rebuildTokenList)
export class RebuildTokenList implements OperationHandler<typeof rebuildTokenList> {
  constructor(@Inject(READ_MODEL) private readonly readModel: ReadModel) {}

  execute(): Promise<RebuildReport> {
    return this.readModel.rebuild();
  }
}
