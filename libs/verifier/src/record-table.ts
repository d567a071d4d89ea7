import { randomBytes } from 'node:crypto';

/** Rows of one allocation: growing never copies rows, and never leaves half of the memory empty. */
const chunkBits = 13;
const chunkRows = 1 << chunkBits;
const chunkMask = chunkRows - 1;

/**
 * The index is cut into this many parts by hash, and each part grows by itself: at 10 million rows growth stops the world for the
 * 10,000 rows of one part, well below a millisecond, and no two parts need to grow at the same moment.
 */
const partBits = 10;
const parts = 1 << partBits;
const firstSlots = 8;
/** Slots in use when a part doubles; it is then filled to half of this. */
const loadMax = 0.7;

/** Whoever may choose keys (imported digests) must not be able to choose their slots. */
const seed = randomBytes(4).readInt32LE();

/**
 * Rows of 32-bit words, found by the words they begin with: an open-addressing hash table over typed arrays. Rows are numbered
 * 1, 2, 3 … in the order of insertion and stay for ever; 0 stands for none. A row costs its words and 11 to 23 bytes
 * of the index, and nothing for the garbage collector to follow.
 */
export class RecordTable {
  readonly #keyWords: number;
  readonly #words: number;
  readonly #chunks: Int32Array[] = [];
  /** By part: pairs of hash and row; row 0 is an empty slot. */
  readonly #index: Int32Array[] = Array.from({ length: parts }, () => new Int32Array(2 * firstSlots));
  readonly #used = new Int32Array(parts);
  #size = 0;

  /** @param words of a row, the key's included */
  constructor(options: { keyWords: number; words: number }) {
    this.#keyWords = options.keyWords;
    this.#words = options.words;
  }

  get size(): number {
    return this.#size;
  }

  /** The row with this key, or 0. */
  find(key: Int32Array): number {
    const hash = this.#hash(key);
    const slots = this.#index[hash >>> (32 - partBits)] as Int32Array;
    const mask = (slots.length >> 1) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[2 * slot + 1] as number;
      if (row === 0) return 0;
      if (slots[2 * slot] === hash && this.#hasKey(row, key)) return row;
    }
  }

  /**
   * The row with this key, or the negative number of another one, chosen by the key; 0 only when the table is empty. A look-up
   * that fails reads as much memory, and as cold, as one that succeeds.
   */
  findOrDecoy(key: Int32Array): number {
    if (this.#size === 0) return 0;
    const hash = this.#hash(key);
    const slots = this.#index[hash >>> (32 - partBits)] as Int32Array;
    const mask = (slots.length >> 1) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      let row = slots[2 * slot + 1] as number;
      const found = row !== 0;
      if (!found) row = 1 + ((hash >>> 0) % this.#size);
      else if (slots[2 * slot] !== hash) continue;
      const same = this.#hasKey(row, key);
      if (same) return row;
      if (!found) return -row;
    }
  }

  /** Adds a row that `find` has not found; its other words are 0. */
  insert(key: Int32Array): number {
    const row = ++this.#size;
    const chunk = (row - 1) >> chunkBits;
    if (chunk === this.#chunks.length) this.#chunks.push(new Int32Array(chunkRows * this.#words));
    (this.#chunks[chunk] as Int32Array).set(key, ((row - 1) & chunkMask) * this.#words);
    this.#addToIndex(this.#hash(key), row);
    return row;
  }

  get(row: number, word: number): number {
    return (this.#chunks[(row - 1) >> chunkBits] as Int32Array)[((row - 1) & chunkMask) * this.#words + word] as number;
  }

  set(row: number, word: number, value: number): void {
    (this.#chunks[(row - 1) >> chunkBits] as Int32Array)[((row - 1) & chunkMask) * this.#words + word] = value;
  }

  /** Copies the key of a row. */
  key(row: number, key: Int32Array): Int32Array {
    for (let word = 0; word < this.#keyWords; word++) key[word] = this.get(row, word);
    return key;
  }

  #hasKey(row: number, key: Int32Array): boolean {
    const chunk = this.#chunks[(row - 1) >> chunkBits] as Int32Array;
    const start = ((row - 1) & chunkMask) * this.#words;
    let difference = 0;
    for (let word = 0; word < this.#keyWords; word++) {
      difference |= (chunk[start + word] as number) ^ (key[word] as number);
    }
    return difference === 0;
  }

  #addToIndex(hash: number, row: number): void {
    const part = hash >>> (32 - partBits);
    let slots = this.#index[part] as Int32Array;
    if ((this.#used[part] as number) + 1 > (slots.length >> 1) * loadMax) {
      slots = this.#index[part] = doubled(slots);
    }
    place(slots, hash, row);
    (this.#used[part] as number)++;
  }

  /** Multiply and shift, word by word (after Knuth), with the last step of MurmurHash3. */
  #hash(key: Int32Array): number {
    let hash = seed;
    for (let word = 0; word < this.#keyWords; word++) {
      hash = Math.imul(hash ^ (key[word] as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }
}

function doubled(slots: Int32Array): Int32Array {
  const larger = new Int32Array(2 * slots.length);
  for (let index = 0; index < slots.length; index += 2) {
    if (slots[index + 1] !== 0) place(larger, slots[index] as number, slots[index + 1] as number);
  }
  return larger;
}

function place(slots: Int32Array, hash: number, row: number): void {
  const mask = (slots.length >> 1) - 1;
  let slot = hash & mask;
  while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
  slots[2 * slot] = hash;
  slots[2 * slot + 1] = row;
}
