import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditProof, TollgateError, type OutputOf } from '@tollgate/contracts';
import { inclusionRanges } from '@tollgate/proof';
import {
  CHECKPOINTS,
  ENTRIES,
  READ_MODEL,
  READERS,
  TREES,
  type Checkpoints,
  type Entries,
  type Readers,
  type ReadModel,
  type Trees,
} from './ports.ts';
import { requireSize } from './tree-size.ts';

/** Proves that one entry stands in the tree of a size, by default the newest that is or can be signed. */
@Handles(auditProof)
export class ProveEntry implements OperationHandler<typeof auditProof> {
  constructor(
    @Inject(ENTRIES) private readonly entries: Entries,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(TREES) private readonly trees: Trees,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
    @Inject(READERS) private readonly readers: Readers,
  ) {}

  async execute({ input, call }: OperationMessage<typeof auditProof>): Promise<OutputOf<typeof auditProof>> {
    const { org, id, atLeast } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    this.readers.page(org, call);
    const index = await this.entries.indexOf(org, id);
    if (index === null)
      throw new TollgateError(
        'NOT_FOUND',
        'This organization has no audit entry of that id, or its retention has removed it.',
      );
    if (input.size !== undefined) await requireSize(this.trees, org, input.size);
    const size = input.size ?? (await this.checkpoints.newestSize(org));
    if (index >= size) {
      const detail = `The entry has index ${index}: it stands in trees of ${index + 1} entries and more.`;
      throw new TollgateError('NOT_FOUND', detail);
    }
    const [leaf, ...path] = await this.trees.hashes(org, [
      { begin: index, end: index + 1 },
      ...inclusionRanges(index, size),
    ]);
    const checkpoint = await this.checkpoints.note(org, size);
    return { id, index, size, leaf: base64(leaf as Buffer), path: path.map(base64), checkpoint };
  }
}

const base64 = (hash: Buffer) => hash.toString('base64');
