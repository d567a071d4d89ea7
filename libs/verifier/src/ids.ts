import { idDigits } from '@tollgate/contracts';
import { Interned } from './interned.ts';
import { KeyedRows } from './rows.ts';

/** Characters of an id after its prefix: the first holds 3 bits and the others 5, 128 in all. */
const length = 26;
const idWords = 4;

const digitOf = new Int8Array(128).fill(-1);
for (let digit = 0; digit < idDigits.length; digit++) digitOf[idDigits.charCodeAt(digit)] = digit;
const codes = Uint8Array.from(idDigits, (character) => character.charCodeAt(0));

/**
 * Packs the 26 characters from `at` on into four words. False when they are not an id as Tollgate mints it (Crockford base32
 * in lower case, 128 bits); `words` then holds nothing of use.
 */
function packId(text: string, at: number, words: Int32Array): boolean {
  if (text.length !== at + length || text.charCodeAt(at) > 0x37) return false;
  words[0] = words[1] = words[2] = words[3] = 0;
  for (let index = 0, bit = -2; index < length; index++, bit += 5) {
    const code = text.charCodeAt(at + index);
    const digit = code < 128 ? (digitOf[code] as number) : -1;
    if (digit < 0) return false;
    const word = bit < 0 ? 0 : bit >> 5;
    // Bits between the digit's last one and the end of the word; below 0 the digit goes on into the next word.
    const shift = 27 - (bit - 32 * word);
    if (shift >= 0) {
      words[word] = (words[word] as number) | (digit << shift);
    } else {
      words[word] = (words[word] as number) | (digit >>> -shift);
      words[word + 1] = digit << (32 + shift);
    }
  }
  return true;
}

/** The 26 characters that four words stand for. */
function unpackId(w0: number, w1: number, w2: number, w3: number): string {
  // prettier-ignore
  return String.fromCharCode(
    code(w0 >>> 29), code(w0 >>> 24), code(w0 >>> 19), code(w0 >>> 14), code(w0 >>> 9), code(w0 >>> 4),
    code((w0 << 1) | (w1 >>> 31)),
    code(w1 >>> 26), code(w1 >>> 21), code(w1 >>> 16), code(w1 >>> 11), code(w1 >>> 6), code(w1 >>> 1),
    code((w1 << 4) | (w2 >>> 28)),
    code(w2 >>> 23), code(w2 >>> 18), code(w2 >>> 13), code(w2 >>> 8), code(w2 >>> 3),
    code((w2 << 2) | (w3 >>> 30)),
    code(w3 >>> 25), code(w3 >>> 20), code(w3 >>> 15), code(w3 >>> 10), code(w3 >>> 5), code(w3),
  );
}

/** The character of the five lowest bits. */
function code(bits: number): number {
  return codes[bits & 31] as number;
}

/**
 * Rows named by an id (`tok_…`). Sixteen bytes hold an id as Tollgate mints it; any other text is kept as it is, beside the rows,
 * and named there by a number behind three words that no minted id has (its time would lie in the year 10889).
 */
export class IdTable {
  /** The rows: four words of the id, and then those that the owner of the table gives a meaning. */
  readonly rows: KeyedRows;
  readonly #prefix: string;
  readonly #others = new Interned();
  readonly #words = new Int32Array(idWords);

  /** @param words of a row after its id */
  constructor(prefix: string, words: number) {
    this.rows = new KeyedRows(idWords + words);
    this.#prefix = prefix;
  }

  /** The row of an id, or 0. */
  rowOf(id: string): number {
    if (!this.#pack(id)) {
      const number = this.#others.numberOf(id);
      if (number === 0) return 0;
      this.#words.fill(-1).set([number], 3);
    }
    return this.rows.find(this.#words);
  }

  /** The row of an id, which is added if need be. */
  add(id: string): number {
    if (!this.#pack(id)) this.#words.fill(-1).set([this.#others.add(id)], 3);
    return this.rows.find(this.#words) || this.rows.insert(this.#words);
  }

  idOf(row: number): string {
    const w0 = this.rows.get(row, 0);
    const w1 = this.rows.get(row, 1);
    const w2 = this.rows.get(row, 2);
    const w3 = this.rows.get(row, 3);
    if (isOther(w0, w1, w2)) return this.#others.textOf(w3);
    return this.#prefix + unpackId(w0, w1, w2, w3);
  }

  #pack(id: string): boolean {
    const words = this.#words;
    if (!id.startsWith(this.#prefix) || !packId(id, this.#prefix.length, words)) return false;
    return !isOther(words[0] as number, words[1] as number, words[2] as number);
  }
}

function isOther(w0: number, w1: number, w2: number): boolean {
  return (w0 & w1 & w2) === -1;
}
