import { randomBytes } from 'node:crypto';

/**
 * The index is cut into this many parts by hash, and each part grows by itself: at 10 million entries growth stops the world
 * for the 40,000 entries of one part, a millisecond or two, and no two parts need to grow at the same moment.
 */
const partBits = 8;
const parts = 1 << partBits;
const firstSlots = 8;
/** Share of the slots in use when a part doubles. */
const loadMax = 0.7;

/** Whoever may choose keys (imported digests) must not be able to choose their slots. */
const seed = randomBytes(4).readInt32LE();

/** Multiply and shift, word by word (after Knuth), with the last step of MurmurHash3; another one in each process. */
export function hashOf(key: Int32Array): number {
  let hash = seed;
  for (let word = 0; word < key.length; word++) {
    hash = Math.imul(hash ^ (key[word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/**
 * Finds numbers by 32-bit hashes: open addressing over typed arrays, 11 to 23 bytes for each number. Several numbers may stand
 * under one hash; whoever asks compares the keys. Nothing is ever removed.
 */
export class HashIndex {
  /** By part: pairs of hash and number; number 0 is an empty slot. */
  readonly #parts: Int32Array[] = Array.from({ length: parts }, () => new Int32Array(2 * firstSlots));
  readonly #used = new Int32Array(parts);
  // Where the walk of `first` and `next` stands.
  #slots = this.#parts[0] as Int32Array;
  #slot = 0;
  #hash = 0;

  /** The first number under a hash; 0 when there is none. */
  first(hash: number): number {
    this.#slots = this.#parts[hash >>> (32 - partBits)] as Int32Array;
    this.#slot = 2 * hash;
    this.#hash = hash;
    return this.#walk();
  }

  /** The next number under the hash that `first` was asked for; 0 when there is none. */
  next(): number {
    this.#slot += 2;
    return this.#walk();
  }

  add(hash: number, number: number): void {
    const part = hash >>> (32 - partBits);
    let slots = this.#parts[part] as Int32Array;
    if ((this.#used[part] as number) + 1 > (slots.length >> 1) * loadMax) slots = this.#parts[part] = doubled(slots);
    place(slots, hash, number);
    (this.#used[part] as number)++;
  }

  /** Puts another number in the place of one that stands under a hash. */
  replace(hash: number, before: number, after: number): void {
    for (let number = this.first(hash); number !== 0; number = this.next()) {
      if (number !== before) continue;
      this.#slots[this.#slot + 1] = after;
      return;
    }
  }

  /**
   * Goes on to an empty slot or one with this hash. The first four slots, which mostly suffice, are looked at in any case: how
   * far a walk went would be seen in its time, and one that finds nothing goes further than one that does.
   */
  #walk(): number {
    const mask = this.#slots.length - 1;
    const start = this.#slot;
    const goOn0 = ~this.#stops(start & mask);
    const goOn1 = goOn0 & ~this.#stops((start + 2) & mask);
    const goOn2 = goOn1 & ~this.#stops((start + 4) & mask);
    const goOn3 = goOn2 & ~this.#stops((start + 6) & mask);
    let slot = (start - 2 * (goOn0 + goOn1 + goOn2 + goOn3)) & mask;
    while (this.#stops(slot) === 0) slot = (slot + 2) & mask;
    this.#slot = slot;
    return this.#slots[slot + 1] as number;
  }

  /** -1 for an empty slot and for one with the hash that is looked for, else 0. */
  #stops(slot: number): number {
    return isZero(this.#slots[slot + 1] as number) | isZero((this.#slots[slot] as number) ^ this.#hash);
  }
}

/** -1, that is all bits, for 0, and 0 for every other 32-bit number; without a branch. */
export function isZero(number: number): number {
  return ~((number | -number) >> 31);
}

function doubled(slots: Int32Array): Int32Array {
  const larger = new Int32Array(2 * slots.length);
  for (let slot = 0; slot < slots.length; slot += 2) {
    if (slots[slot + 1] !== 0) place(larger, slots[slot] as number, slots[slot + 1] as number);
  }
  return larger;
}

function place(slots: Int32Array, hash: number, number: number): void {
  const mask = slots.length - 1;
  let slot = (2 * hash) & mask;
  while (slots[slot + 1] !== 0) slot = (slot + 2) & mask;
  slots[slot] = hash;
  slots[slot + 1] = number;
}
