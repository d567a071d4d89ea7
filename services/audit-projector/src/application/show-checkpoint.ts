import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditCheckpoint, checkpointSizeHeader, TollgateError, type OutputOf } from '@tollgate/contracts';
import { withCosignature } from '@tollgate/proof';
import {
  CHECKPOINTS,
  READ_MODEL,
  TREES,
  WITNESS,
  type Checkpoints,
  type ReadModel,
  type Trees,
  type Witness,
} from './ports.ts';
import { requireSize } from './tree-size.ts';

/** The signed note of a size, by default the newest, with the cosignature of the witness once there is one. */
@Handles(auditCheckpoint)
export class ShowCheckpoint implements OperationHandler<typeof auditCheckpoint> {
  constructor(
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(TREES) private readonly trees: Trees,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
    @Inject(WITNESS) private readonly witness: Witness,
  ) {}

  async execute({ input }: OperationMessage<typeof auditCheckpoint>): Promise<OutputOf<typeof auditCheckpoint>> {
    const { org, atLeast } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    if (input.size !== undefined) await requireSize(this.trees, org, input.size);
    const size = input.size ?? (await this.checkpoints.newestSize(org));
    if (size === 0) throw new TollgateError('NOT_FOUND', 'The audit log of this organization has no entries yet.');
    const note = await this.checkpoints.note(org, size);
    const line = await this.witness.line(org, size);
    return {
      contentType: 'text/plain; charset=utf-8',
      headers: { [checkpointSizeHeader]: String(size) },
      body: line === null ? note : withCosignature(note, line),
      next: null,
    };
  }
}
