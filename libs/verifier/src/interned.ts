/** Texts that recur, each kept once and named by a number: 1, 2, 3 … Nothing is ever removed. */
export class Interned {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [''];

  get size(): number {
    return this.#numbers.size;
  }

  /** The number of a text; 0 for one that was never added. */
  numberOf(text: string): number {
    return this.#numbers.get(text) ?? 0;
  }

  /** The number of a text, which is added if need be. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    // A copy: a text cut out of a page of the snapshot would keep the whole page in memory.
    const copy = Buffer.from(text).toString();
    const number = this.#texts.push(copy) - 1;
    this.#numbers.set(copy, number);
    return number;
  }

  /** The text of a number that `add` has returned. */
  textOf(number: number): string {
    return this.#texts[number] as string;
  }
}
