import { Frontier, recordHash, type ProvenRecord } from '@tollgate/proof';
import type { Entry } from './entry.ts';

/** The tree of the platform's own entries. No organization has this id. */
export const platformTree = '_';

/** An entry in its place among the entries of its tree: one tree per organization, and one for the platform. */
export interface PlacedEntry extends Entry {
  readonly tree: string;
  /** 0, 1, 2 … without holes, in the order of positions. */
  readonly index: number;
  /** The hashes of the complete subtrees that end with this entry, of levels 0, 1, 2 …: its own leaf first. */
  readonly hashes: readonly Buffer[];
}

export function treeOf(entry: { readonly orgId: string | null }): string {
  return entry.orgId ?? platformTree;
}

/** The first line of the checkpoints of a tree. It names the tree for ever. */
export function originOf(tree: string): string {
  return `${keyName}/${tree}`;
}

/** The name of the key that signs checkpoints. */
export const keyName = 'tollgate-audit';

/**
 * Gives entries, in the order of their positions, the next places of their trees, and grows the trees.
 * @param trees those that have entries already; the others are made
 */
export function place(entries: readonly Entry[], trees: Map<string, Frontier>): PlacedEntry[] {
  return entries.map((entry) => {
    const tree = treeOf(entry);
    const grown = trees.get(tree) ?? new Frontier();
    trees.set(tree, grown);
    const index = grown.size;
    return { ...entry, tree, index, hashes: grown.append(recordHash(recordOf(entry, index))) };
  });
}

/** What is proven of an entry. Fields that an event leaves out are left out here, as JSON does. */
export function recordOf(entry: Entry, index: number): ProvenRecord {
  const { requestId, traceId, commitment, ...rest } = entry;
  return { ...rest, index, context: { requestId, traceId, commitment } };
}
