import { nodeHash, sameHash } from './hashes.ts';
import { siblingRanges } from './proofs.ts';

/**
 * Checks the leaves of a tree one after the other against its root, each as soon as it comes, so that the first one that
 * is wrong is named whatever else was altered. Each leaf brings the hashes of `siblingRanges`: one per leaf on average.
 * What they say was checked when the leaf that brought them was, so a wrong one is that leaf's fault.
 */
export class TreeReader {
  readonly #size: number;
  /** The subtrees that come next, the nearest last; their hashes are known to be those of the root's tree. */
  readonly #expected: Uint8Array[];
  #index = 0;

  constructor(size: number, root: Uint8Array) {
    this.#size = size;
    this.#expected = size === 0 ? [] : [root];
  }

  /** Leaves that were found right so far: the index of the next one. */
  get index(): number {
    return this.#index;
  }

  /** Every leaf of the tree was there. */
  get complete(): boolean {
    return this.#index === this.#size;
  }

  /** Takes the next leaf. False when it is not the one that stands there in the tree; nothing can be read after that. */
  next(leaf: Uint8Array, siblings: readonly Uint8Array[]): boolean {
    if (this.complete || siblings.length !== siblingRanges(this.#index, this.#size).length) return false;
    const hash = siblings.reduceRight<Uint8Array>((left, right) => nodeHash(left, right), leaf);
    const expected = this.#expected.pop();
    if (!expected || !sameHash(hash, expected)) return false;
    this.#expected.push(...siblings);
    this.#index++;
    return true;
  }
}
