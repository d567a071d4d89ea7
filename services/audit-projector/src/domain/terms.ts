import type { Entry } from './entry.ts';

/** What an entry is found by: a field and a text. */
export type TermField = 'namespace' | 'action' | 'actor' | 'outcome' | 'space' | 'target' | 'word';

/** One spelling for both sides. No field is the beginning of another one with its colon. */
export const termOf = (field: TermField, text: string): string => `${field}:${text}`;

/** All terms of an entry, each once. */
export function termsOf(entry: Entry, words: readonly string[]): string[] {
  const { namespace, action, actor, outcome, spaceId, targets } = entry;
  const terms = new Set([
    termOf('namespace', namespace),
    termOf('action', action),
    termOf('actor', actor.id),
    termOf('outcome', outcome),
  ]);
  if (spaceId !== null) terms.add(termOf('space', spaceId));
  for (const { id } of targets) terms.add(termOf('target', id));
  for (const word of words) terms.add(termOf('word', word));
  return [...terms];
}

/** Entries of one tree whose terms share a row: their indexes divided by this, rounded down, are the same. */
export const blockSize = 64;

/** A term in one block of a tree. Bit n stands for the entry with the index `block * blockSize + n`. */
export interface TermBlock {
  readonly tree: string;
  readonly term: string;
  readonly block: number;
  /** Signed, as Postgres has its `bigint`. */
  readonly bits: bigint;
}

/** The terms of the entry at a place of a tree. */
export interface PlacedTerms {
  readonly tree: string;
  readonly index: number;
  readonly terms: readonly string[];
}

/** What the terms of entries add to the blocks of their trees. */
export function termBlocksOf(entries: readonly PlacedTerms[]): TermBlock[] {
  const blocks = new Map<string, { tree: string; block: number; bits: Map<string, bigint> }>();
  for (const { tree, index, terms } of entries) {
    const block = Math.floor(index / blockSize);
    const key = `${tree} ${block}`;
    const found = blocks.get(key) ?? { tree, block, bits: new Map<string, bigint>() };
    blocks.set(key, found);
    const bit = BigInt.asIntN(blockSize, 1n << BigInt(index % blockSize));
    for (const term of terms) found.bits.set(term, (found.bits.get(term) ?? 0n) | bit);
  }
  return [...blocks.values()].flatMap(({ tree, block, bits }) =>
    [...bits].map(([term, set]) => ({ tree, term, block, bits: set })),
  );
}
