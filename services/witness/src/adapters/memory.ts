import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '@tollgate/proof';

/** What the witness remembers of one tree. */
export interface Remembered {
  /** The newest checkpoint that it has cosigned, as it was shown; null: none, and it was refused at once. */
  readonly note: string | null;
  /** The line that it gave for it. */
  readonly cosignature: string | null;
  /** Why it gives none any more. Nothing but an operator who moves the file away ends that. */
  readonly refused: string | null;
}

/**
 * The files of the witness: a state per tree and the log's key. What was written is on the disk, with its name, before it is acted
 * upon, so a witness that was killed or lost its power never says something that contradicts what it said before.
 */
export class Memory {
  readonly #directory: string;
  readonly #trees: Map<string, Remembered>;
  #logKey: VerifierKey | null;

  private constructor(directory: string, trees: Map<string, Remembered>, logKey: VerifierKey | null) {
    this.#directory = directory;
    this.#trees = trees;
    this.#logKey = logKey;
  }

  /** @param logKey the key of the log, if it is known beforehand; else the first one that is seen stays the one */
  static async open(directory: string, logKey: string | undefined): Promise<Memory> {
    const trees = join(directory, 'trees');
    await mkdir(trees, { recursive: true, mode: 0o700 });
    const names = (await readdir(trees)).filter((name) => name.endsWith('.json'));
    const states = await Promise.all(
      names.map(async (name): Promise<[string, Remembered]> => {
        const state = JSON.parse(await readFile(join(trees, name), 'utf8')) as Remembered;
        return [name.slice(0, -'.json'.length), state];
      }),
    );
    const pinned = logKey ?? (await readFile(join(directory, 'log-key'), 'utf8').catch(unlessAbsent));
    return new Memory(directory, new Map(states), pinned === undefined ? null : parseVerifierKey(pinned));
  }

  get trees(): ReadonlyMap<string, Remembered> {
    return this.#trees;
  }

  /** The key of the log: the one that was given or seen first. */
  async logKey(seen: string): Promise<VerifierKey> {
    if (this.#logKey) return this.#logKey;
    const key = parseVerifierKey(seen);
    await this.#write('log-key', `${formatVerifierKey(key)}\n`);
    return (this.#logKey = key);
  }

  async remember(tree: string, state: Remembered): Promise<void> {
    await this.#write(join('trees', `${tree}.json`), `${JSON.stringify(state, null, 2)}\n`);
    this.#trees.set(tree, state);
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    const draft = await open(`${path}.new`, 'w', 0o600);
    try {
      await draft.writeFile(text);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(`${path}.new`, path);
    const directory = await open(join(path, '..'), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

function unlessAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
