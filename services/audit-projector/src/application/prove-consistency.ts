import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditConsistency, TollgateError, type OutputOf } from '@tollgate/contracts';
import { consistencyRanges } from '@tollgate/proof';
import { READ_MODEL, TREES, type ReadModel, type Trees } from './ports.ts';
import { requireSize } from './tree-size.ts';

/** Proves that the log of one size is the beginning of the log of another. */
@Handles(auditConsistency)
export class ProveConsistency implements OperationHandler<typeof auditConsistency> {
  constructor(
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(TREES) private readonly trees: Trees,
  ) {}

  async execute({ input }: OperationMessage<typeof auditConsistency>): Promise<OutputOf<typeof auditConsistency>> {
    const { org, from, to, atLeast } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    if (from > to) {
      const errors = [{ path: 'from', message: 'must not be larger than to' }];
      throw new TollgateError('INVALID_INPUT', 'from must not be larger than to.', errors);
    }
    await requireSize(this.trees, org, to);
    const hashes = await this.trees.hashes(org, consistencyRanges(from, to));
    return { from, to, path: hashes.map((hash) => hash.toString('base64')) };
  }
}
