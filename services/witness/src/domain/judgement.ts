import {
  openCheckpoint,
  ProofError,
  sameHash,
  verifyConsistency,
  type Checkpoint,
  type VerifierKey,
} from '@tollgate/proof';

/** The name of the key that the witness cosigns with. */
export const keyName = 'tollgate-witness';

export interface Shown {
  /** null: the tree is said to have no entries. */
  readonly note: string | null;
  /** From the size that is held to that of the note. */
  readonly path: readonly Uint8Array[];
}

export type Judgement =
  | { readonly kind: 'larger'; readonly checkpoint: Checkpoint }
  /** There is nothing new. */
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Whether a tree goes on from what the witness holds of it.
 * @param held the newest checkpoint that it has cosigned; null: it has not seen this tree before
 */
export function judge(tree: string, held: Checkpoint | null, { note, path }: Shown, key: VerifierKey): Judgement {
  if (note === null) return held ? refused(`the tree of ${held.size} entries is gone`) : { kind: 'same' };
  let checkpoint: Checkpoint;
  try {
    checkpoint = openCheckpoint(note, key);
  } catch (error) {
    if (error instanceof ProofError) return refused(error.message);
    throw error;
  }
  if (!checkpoint.origin.endsWith(`/${tree}`)) return refused(`its checkpoint is of ${checkpoint.origin}`);
  if (!held) return { kind: 'larger', checkpoint };
  const [from, to] = [held.size, checkpoint.size];
  if (to < from) return refused(`the tree has shrunk from ${from} to ${to} entries`);
  if (to === from) {
    if (sameHash(held.root, checkpoint.root)) return { kind: 'same' };
    return refused(`there are two signed trees of ${from} entries: the log was forked`);
  }
  const consistent = verifyConsistency({ from, to, fromRoot: held.root, toRoot: checkpoint.root, path });
  return consistent
    ? { kind: 'larger', checkpoint }
    : refused(`the tree of ${to} entries does not go on from that of ${from}: the log was rewritten or forked`);
}

/** What a reading of the stored entries shows, from the first on up to the size that is held. */
export function judgeEntries(held: Checkpoint, read: { readonly size: number; readonly root: Uint8Array }): Judgement {
  if (read.size < held.size) return refused(`entry ${read.size} of the ${held.size} that were cosigned is gone`);
  if (sameHash(held.root, read.root)) return { kind: 'same' };
  return refused(`the stored entries are not those of the tree of ${held.size} that was cosigned: one was altered`);
}

/** The hashes that are stored with some entries are not those that the entries make. */
export function alteredHashes(begin: number, end: number): string {
  return `the stored hashes of the entries ${begin} to ${end - 1} are not those that these entries make: an entry or a hash was altered`;
}

function refused(reason: string): Judgement {
  return { kind: 'refused', reason };
}
