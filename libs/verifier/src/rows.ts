import { HashIndex, hashOf, isZero } from './hash-index.ts';

/** Rows of one allocation: growing never copies rows, and never leaves half of the memory empty. */
const chunkBits = 16;
const chunkMask = (1 << chunkBits) - 1;

/**
 * Rows of 32-bit words in typed arrays, numbered 1, 2, 3 … as they are added; 0 stands for none. They stay for ever, and there
 * is nothing in them for the garbage collector to follow.
 */
export class Rows {
  readonly #words: number;
  readonly #chunks: Int32Array[] = [];
  #size = 0;

  /** @param words of each row */
  constructor(words: number) {
    this.#words = words;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a row of zeros. */
  add(): number {
    if ((this.#size & chunkMask) === 0) this.#chunks.push(new Int32Array((chunkMask + 1) * this.#words));
    return ++this.#size;
  }

  get(row: number, word: number): number {
    return (this.#chunks[(row - 1) >> chunkBits] as Int32Array)[((row - 1) & chunkMask) * this.#words + word] as number;
  }

  set(row: number, word: number, value: number): void {
    (this.#chunks[(row - 1) >> chunkBits] as Int32Array)[((row - 1) & chunkMask) * this.#words + word] = value;
  }

  /** -1, that is all bits, when the row holds these words from `at` on, else 0. Always looks at all of them. */
  holds(row: number, at: number, words: Int32Array): number {
    const chunk = this.#chunks[(row - 1) >> chunkBits] as Int32Array;
    const start = ((row - 1) & chunkMask) * this.#words + at;
    let difference = 0;
    for (let word = 0; word < words.length; word++) {
      difference |= (chunk[start + word] as number) ^ (words[word] as number);
    }
    return isZero(difference);
  }

  /** Copies words of a row from `at` on. */
  read(row: number, at: number, words: Int32Array): Int32Array {
    for (let word = 0; word < words.length; word++) words[word] = this.get(row, at + word);
    return words;
  }

  write(row: number, at: number, words: Int32Array): void {
    for (let word = 0; word < words.length; word++) this.set(row, at + word, words[word] as number);
  }
}

/** Rows that are found by the words they begin with, which never change. */
export class KeyedRows extends Rows {
  readonly #index = new HashIndex();

  /** The row with this key, or 0. */
  find(key: Int32Array): number {
    const hash = hashOf(key);
    for (let row = this.#index.first(hash); row !== 0; row = this.#index.next())
      if (this.holds(row, 0, key) !== 0) return row;
    return 0;
  }

  /** Adds a row that `find` has not found; its other words are 0. */
  insert(key: Int32Array): number {
    const row = this.add();
    this.write(row, 0, key);
    this.#index.add(hashOf(key), row);
    return row;
  }
}
