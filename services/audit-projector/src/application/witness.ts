import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import {
  TollgateError,
  auditWitnessKey,
  witnessHeads,
  witnessLeaves,
  witnessLeavesMax,
  witnessProof,
  witnessReport,
  type OutputOf,
} from '@tollgate/contracts';
import { consistencyRanges, openCosignature, parseVerifierKey, ProofError, withCosignature } from '@tollgate/proof';
import {
  CHECKPOINTS,
  ENTRIES,
  TREES,
  WITNESS,
  type Checkpoints,
  type Entries,
  type Trees,
  type Witness,
} from './ports.ts';

const headsMax = 500;

/** Which trees there are, for the witness. */
@Handles(witnessHeads)
export class ListHeads implements OperationHandler<typeof witnessHeads> {
  constructor(
    @Inject(TREES) private readonly trees: Trees,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
  ) {}

  async execute({ input }: OperationMessage<typeof witnessHeads>): Promise<OutputOf<typeof witnessHeads>> {
    const trees = await this.trees.heads(input.after, headsMax);
    const last = trees.length === headsMax ? trees.at(-1) : undefined;
    return { key: this.checkpoints.publicKey, trees, next: last?.tree ?? null };
  }
}

/** Proves to the witness that the newest checkpoint goes on from the one it holds. */
@Handles(witnessProof)
export class ProveToWitness implements OperationHandler<typeof witnessProof> {
  constructor(
    @Inject(TREES) private readonly trees: Trees,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
  ) {}

  async execute({ input: { tree, from } }: OperationMessage<typeof witnessProof>) {
    const size = await this.checkpoints.newestSize(tree);
    if (size === 0) return { note: null, path: [] };
    const ranges = from > 0 && from < size ? consistencyRanges(from, size) : [];
    const path = await this.trees.hashes(tree, ranges);
    return { note: await this.checkpoints.note(tree, size), path: path.map((hash) => hash.toString('base64')) };
  }
}

/** Gives the witness the leaves as the stored entries make them now, and the hashes that are stored with them. */
@Handles(witnessLeaves)
export class ReadLeaves implements OperationHandler<typeof witnessLeaves> {
  constructor(
    @Inject(ENTRIES) private readonly entries: Entries,
    @Inject(TREES) private readonly trees: Trees,
  ) {}

  async execute({ input: { tree, begin, end } }: OperationMessage<typeof witnessLeaves>) {
    const leaves = await this.entries.leaves(tree, { begin, end: Math.min(end, begin + witnessLeavesMax) });
    const nodes = await this.trees.stored(tree, { begin, end: begin + leaves.length });
    return { leaves: Buffer.concat(leaves).toString('base64'), nodes: nodes.toString('base64') };
  }
}

/** Keeps what the witness says. A cosignature counts only when it is right. */
@Handles(witnessReport)
export class TakeReport implements OperationHandler<typeof witnessReport> {
  constructor(
    @Inject(WITNESS) private readonly witness: Witness,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
  ) {}

  async execute({ input }: OperationMessage<typeof witnessReport>): Promise<OutputOf<typeof witnessReport>> {
    const { key, tree, cosigned, refused } = input;
    if (cosigned) {
      const note = await this.checkpoints.note(tree, cosigned.size);
      requireRight(withCosignature(note, cosigned.line), key);
      await this.witness.cosigned(key, tree, cosigned.size, cosigned.line);
    }
    if (refused !== null) await this.witness.refused(key, tree, refused);
    return { taken: true };
  }
}

/** The key of the witness. */
@Handles(auditWitnessKey)
export class ShowWitnessKey implements OperationHandler<typeof auditWitnessKey> {
  constructor(@Inject(WITNESS) private readonly witness: Witness) {}

  async execute(): Promise<OutputOf<typeof auditWitnessKey>> {
    const key = await this.witness.key();
    if (key === null) throw new TollgateError('NOT_FOUND', 'No witness has reported yet: start one, and ask again.');
    return { key };
  }
}

function requireRight(note: string, key: string): void {
  try {
    openCosignature(note, parseVerifierKey(key));
  } catch (error) {
    if (error instanceof ProofError) throw new TollgateError('INVALID_INPUT', error.message);
    throw error;
  }
}
