import type { Entry } from './entry.ts';

/** The tree of the platform's own entries. No organization has this id. */
export const platformTree = '_';

/** An entry in its place among the entries of its tree: one tree per organization, and one for the platform. */
export interface PlacedEntry extends Entry {
  readonly tree: string;
  /** 0, 1, 2 … without holes, in the order of positions. */
  readonly index: number;
}

export function treeOf(entry: { readonly orgId: string | null }): string {
  return entry.orgId ?? platformTree;
}

/**
 * Gives entries, in the order of their positions, the next indexes of their trees.
 * @param sizes entries that each tree has already; absent means none
 * @returns the entries in their places, and the new sizes of the trees that grew
 */
export function place(
  entries: readonly Entry[],
  sizes: ReadonlyMap<string, number>,
): { placed: PlacedEntry[]; sizes: Map<string, number> } {
  const grown = new Map<string, number>();
  const placed = entries.map((entry) => {
    const tree = treeOf(entry);
    const index = grown.get(tree) ?? sizes.get(tree) ?? 0;
    grown.set(tree, index + 1);
    return { ...entry, tree, index };
  });
  return { placed, sizes: grown };
}
