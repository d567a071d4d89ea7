import { emptyRoot, nodeHash } from './hashes.ts';
import { joined } from './ranges.ts';

/**
 * A tree that grows, as far as its growth needs it: the hashes of the complete subtrees that its size is the sum of, the
 * largest first. Takes O(log n) memory for n leaves.
 */
export class Frontier {
  #size: number;
  readonly #hashes: Buffer[];

  /** @param hashes as `hashes` gave them for a tree of that size */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (hashes.length !== onesOf(size)) throw new RangeError(`a tree of ${size} leaves has another frontier`);
    this.#size = size;
    this.#hashes = hashes.map((hash) => Buffer.from(hash));
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Buffer[] {
    return this.#hashes;
  }

  /**
   * Adds a leaf by its hash.
   * @returns the hashes of all complete subtrees that end with it, of levels 0, 1, 2 …: the leaf's own first
   */
  append(leaf: Uint8Array): Buffer[] {
    const completed: Buffer[] = [Buffer.from(leaf)];
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      completed.push(nodeHash(this.#hashes.pop() as Buffer, completed.at(-1) as Buffer));
    }
    this.#hashes.push(completed.at(-1) as Buffer);
    this.#size++;
    return completed;
  }

  root(): Buffer {
    return this.#size === 0 ? emptyRoot() : joined(this.#hashes);
  }
}

/** The root of the tree over these leaf hashes. */
export function rootOf(leaves: Iterable<Uint8Array>): Buffer {
  const tree = new Frontier();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

function onesOf(size: number): number {
  return size.toString(2).replaceAll('0', '').length;
}
