import type { Checkpoint } from './checkpoint.ts';
import { readExportLine, type ExportLine } from './export-line.ts';
import { Frontier } from './frontier.ts';
import { sameHash } from './hashes.ts';
import { ProofError } from './proof-error.ts';
import { verifyInclusion } from './proofs.ts';
import { TreeReader } from './tree-reader.ts';

/** What an export proves once every line of it was read. */
export interface Verdict {
  readonly entries: number;
  /** Of them, those whose contents retention has taken away: they stood there, and what they said is gone. */
  readonly removed: number;
  /** Everything that the tree holds is there. False for an export of some: each entry of it stands in the tree. */
  readonly complete: boolean;
}

/** An entry of an export is not what stands at its place in the tree. `line` counts from 1; null: it is not there. */
export class WrongEntry extends ProofError {
  readonly line: number | null;
  readonly index: number;
  readonly id: string | null;

  constructor(message: string, place: { line: number | null; index: number; id: string | null }) {
    super(message);
    this.line = place.line;
    this.index = place.index;
    this.id = place.id;
  }
}

const wrongInTree = 'is not the one that the tree holds, or brings a wrong hash of those after it';

/**
 * Verifies an export line by line: every entry is unaltered, in its place, and (unless the export is one of some) none is
 * missing or too many. Takes O(log n) memory.
 */
export class ExportVerifier {
  readonly #checkpoint: Checkpoint;
  readonly #held: Checkpoint | undefined;
  readonly #reader: TreeReader;
  readonly #grown = new Frontier();
  #kind: ExportLine['proof']['kind'] | undefined;
  #lines = 0;
  #removed = 0;
  /** The last line whose contents are gone. */
  #lastRemoved: ExportLine | undefined;
  /** So many have lost their contents, as the log itself says. */
  #removes = 0;
  #lastIndex = -1;

  /**
   * @param checkpoint of the size that the export names
   * @param held an older one of the same tree, kept elsewhere: shows a tail that was cut and a history that was rewritten
   * @throws ProofError when the two contradict each other
   */
  constructor(checkpoint: Checkpoint, held?: Checkpoint) {
    if (held && held.origin !== checkpoint.origin) {
      throw new ProofError(`The held checkpoint is of ${held.origin} and the other one of ${checkpoint.origin}.`);
    }
    if (held && held.size > checkpoint.size) {
      throw new WrongEntry(
        `The log was cut: the held checkpoint has ${held.size} entries and the export's has ${checkpoint.size}. The first entry that is missing has index ${checkpoint.size}.`,
        { line: null, index: checkpoint.size, id: null },
      );
    }
    this.#checkpoint = checkpoint;
    this.#held = held;
    this.#reader = new TreeReader(checkpoint.size, checkpoint.root);
  }

  get lines(): number {
    return this.#lines;
  }

  /** @throws WrongEntry for the first line that is not what it should be */
  line(text: string): void {
    this.#lines++;
    const line = this.#read(text);
    this.#kind ??= line.proof.kind;
    if (line.proof.kind !== this.#kind) throw this.#wrong(line, 'is proven in another way than those before');
    if (!this.#belongs(line)) throw this.#wrong(line, `belongs to another log than ${this.#checkpoint.origin}`);
    if (this.#kind === 'siblings') this.#next(line);
    else this.#some(line);
    this.#removes = Math.max(this.#removes, line.removes);
    if (!line.removed) return;
    this.#removed++;
    this.#lastRemoved = line;
  }

  /** @throws WrongEntry when the end is missing; ProofError when the held checkpoint says something else */
  end(): Verdict {
    const complete = this.#kind !== 'path';
    if (complete && !this.#reader.complete) {
      const index = this.#reader.index;
      const ends = `The export ends after ${index} entries of ${this.#checkpoint.size}: the first one that is missing has index ${index}.`;
      const message =
        index === 0 ? `${ends} If it has a filter that nothing matches, there is nothing in it to be verified.` : ends;
      throw new WrongEntry(message, { line: null, index, id: null });
    }
    this.#requireRemoval();
    return { entries: this.#lines, removed: this.#removed, complete };
  }

  #read(text: string): ExportLine {
    try {
      return readExportLine(text);
    } catch (error) {
      const index = this.#kind === 'path' ? this.#lastIndex + 1 : this.#reader.index;
      const message = `Line ${this.#lines} (expected index ${index}) is wrong: ${(error as Error).message}.`;
      throw new WrongEntry(message, { line: this.#lines, index, id: null });
    }
  }

  #next(line: ExportLine): void {
    const { index } = this.#reader;
    if (this.#reader.complete) throw this.#wrong(line, 'comes after the end of the log');
    if (line.index !== index) throw this.#wrong(line, `stands where the entry of index ${index} belongs`);
    if (!this.#reader.next(line.leaf, line.proof.hashes)) throw this.#wrong(line, `${wrongInTree}${this.#hint()}`);
    this.#grown.append(line.leaf);
    if (this.#grown.size === this.#held?.size) this.#compareWithHeld(line, this.#held);
  }

  #some(line: ExportLine): void {
    const { size, root } = this.#checkpoint;
    if (line.removed) throw this.#wrong(line, 'has no contents');
    if (line.index <= this.#lastIndex) throw this.#wrong(line, 'is out of order');
    const proven = verifyInclusion({ leaf: line.leaf, index: line.index, size, path: line.proof.hashes, root });
    if (!proven) throw this.#wrong(line, `is not the one that the tree holds${this.#hint()}`);
    this.#lastIndex = line.index;
  }

  /** What retention has removed, the log says itself, in an entry that is proven like any other. */
  #requireRemoval(): void {
    const gone = this.#lastRemoved;
    if (!gone || gone.index < this.#removes) return;
    const index = this.#removes;
    throw new WrongEntry(
      `The contents of the entry of index ${index} are gone, and no entry of this export says that retention removed them. If they were removed while it was made, export again.`,
      { line: null, index, id: null },
    );
  }

  #compareWithHeld({ id, index }: ExportLine, { size, root }: Checkpoint): void {
    if (sameHash(this.#grown.root(), root)) return;
    const message = `The log was forked: its first ${size} entries, up to ${id} (index ${index}), are not those of the held checkpoint.`;
    throw new WrongEntry(message, { line: this.#lines, index, id });
  }

  /** Whoever takes another checkpoint by mistake finds the very first entry wrong. */
  #hint(): string {
    const { size } = this.#checkpoint;
    return this.#lines === 1
      ? ` (if the export names another size than ${size}, fetch the checkpoint of that size)`
      : '';
  }

  #belongs({ orgId }: ExportLine): boolean {
    return this.#checkpoint.origin.endsWith(`/${orgId ?? '_'}`);
  }

  #wrong({ id, index }: ExportLine, what: string): WrongEntry {
    const place = { line: this.#lines, index: this.#kind === 'path' ? index : this.#reader.index, id: String(id) };
    return new WrongEntry(
      `Line ${this.#lines}, entry ${String(id)} (index ${String(index)}), is wrong: it ${what}.`,
      place,
    );
  }
}
