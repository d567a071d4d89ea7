import { TollgateError } from '@tollgate/contracts';
import { inTransaction, type ClientBase, type Pool } from '@tollgate/event-log';
import { asProjector, asTenant } from '@tollgate/projection';
import {
  consistencyRanges,
  formatVerifierKey,
  openCheckpoint,
  signCheckpoint,
  verifyConsistency,
  type Checkpoint,
  type SigningKey,
} from '@tollgate/proof';
import type { Checkpoints } from '../application/ports.ts';
import { originOf } from '../domain/tree.ts';
import { readHashes, readSize } from './postgres-trees.ts';

/** The stored tree is not the one that was signed before. */
export class ForkError extends Error {
  override readonly name = 'ForkError';
}

/** Sizes that are multiples of this are always signed. */
const everyEntries = 256;
/** Signed in one transaction at most, so that catching up holds no lock for long. */
const atOnceMax = 64;

/**
 * Signs checkpoints and keeps them. Whoever signs for a tree holds its lock, looks at what was signed before and after,
 * and signs nothing that contradicts it: one size never gets two notes, also from several processes and after a rebuild.
 */
export class CheckpointSigner implements Checkpoints {
  readonly publicKey: string;
  readonly #pool: Pool;
  readonly #key: SigningKey;
  readonly #forks = new Map<string, string>();

  constructor(pool: Pool, key: SigningKey) {
    this.#pool = pool;
    this.#key = key;
    this.publicKey = formatVerifierKey(key);
  }

  /** What contradicts what was signed, by tree. */
  get forks(): ReadonlyMap<string, string> {
    return this.#forks;
  }

  async note(orgId: string, size: number): Promise<string> {
    const found = await asTenant(this.#pool, orgId, (tx) => readNote(tx, orgId, size));
    if (found !== null) return found;
    try {
      return await this.#sign(orgId, async () => [size]);
    } catch (error) {
      if (!(error instanceof ForkError)) throw error;
      throw new TollgateError('SERVICE_UNAVAILABLE', `Nothing is signed for this tree any more: ${error.message}.`);
    }
  }

  async newestSize(orgId: string): Promise<number> {
    const size = await asTenant(this.#pool, orgId, (tx) => readSize(tx, orgId));
    if (size === 0) return 0;
    try {
      await this.note(orgId, size);
      return size;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SERVICE_UNAVAILABLE' || !this.#forks.has(orgId)) throw error;
      const neighbours = await asTenant(this.#pool, orgId, (tx) => readNeighbours(tx, orgId, size + 1));
      return neighbours.before?.size ?? 0;
    }
  }

  /**
   * Signs what is due for a tree: its size, and the multiples of 256 that it has passed. Does nothing when all is signed.
   * @throws ForkError when the tree contradicts what was signed before
   */
  async signDue(tree: string): Promise<void> {
    for (let more = true; more;) {
      more = false;
      await this.#sign(tree, async (tx) => {
        const size = await readSize(tx, tree);
        const last = (await readNeighbours(tx, tree, size + 1)).before?.size ?? 0;
        const due = dueSizes(last, size);
        more = due.length > atOnceMax;
        return due.slice(0, atOnceMax);
      });
    }
  }

  /** Trees that have entries which no note covers. */
  async unsigned(): Promise<string[]> {
    const { rows } = await inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      return tx.query<{ tree: string }>(
        `SELECT org_id AS tree FROM audit.trees AS tree WHERE NOT EXISTS (SELECT FROM audit.checkpoints AS checkpoint
          WHERE checkpoint.org_id = tree.org_id AND checkpoint.size = tree.size)`,
      );
    });
    return rows.map(({ tree }) => tree);
  }

  /** Signs sizes in ascending order; returns the last note ('' when there was nothing to sign). */
  async #sign(tree: string, sizesOf: (tx: ClientBase) => Promise<number[]>): Promise<string> {
    try {
      const note = await asTenant(this.#pool, tree, async (tx) => {
        await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`tollgate checkpoints of ${tree}`]);
        let last = '';
        for (const size of await sizesOf(tx)) {
          last = (await readNote(tx, tree, size)) ?? (await this.#signOne(tx, tree, size));
        }
        return last;
      });
      this.#forks.delete(tree);
      return note;
    } catch (error) {
      if (error instanceof ForkError) this.#forks.set(tree, error.message);
      throw error;
    }
  }

  async #signOne(tx: ClientBase, tree: string, size: number): Promise<string> {
    const [root] = await readHashes(tx, tree, [{ begin: 0, end: size }]);
    const checkpoint: Checkpoint = { origin: originOf(tree), size, root: root as Buffer };
    const { before, after } = await readNeighbours(tx, tree, size);
    if (before) await requireConsistent(tx, tree, this.#open(before.note), checkpoint);
    if (after) await requireConsistent(tx, tree, checkpoint, this.#open(after.note));
    const note = signCheckpoint(checkpoint, this.#key);
    await tx.query('INSERT INTO audit.checkpoints (org_id, size, note) VALUES ($1, $2, $3)', [tree, size, note]);
    return note;
  }

  #open(note: string): Checkpoint {
    try {
      return openCheckpoint(note, this.#key);
    } catch (error) {
      throw new ForkError(`a stored checkpoint is not this key's: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** The multiples of 256 after `last` and up to `size`, and `size` itself, unless it is signed already. */
export function dueSizes(last: number, size: number): number[] {
  if (size <= last) return [];
  const sizes: number[] = [];
  for (let at = (Math.floor(last / everyEntries) + 1) * everyEntries; at < size; at += everyEntries) sizes.push(at);
  return [...sizes, size];
}

async function requireConsistent(tx: ClientBase, tree: string, older: Checkpoint, newer: Checkpoint): Promise<void> {
  const path = await readHashes(tx, tree, consistencyRanges(older.size, newer.size));
  const consistent = verifyConsistency({
    from: older.size,
    to: newer.size,
    fromRoot: older.root,
    toRoot: newer.root,
    path,
  });
  if (consistent) return;
  throw new ForkError(
    `the stored hashes of ${tree} contradict a signed checkpoint: those of ${older.size} entries are not the beginning of those of ${newer.size}`,
  );
}

async function readNote(tx: ClientBase, tree: string, size: number): Promise<string | null> {
  const { rows } = await tx.query<{ note: string }>(
    'SELECT note FROM audit.checkpoints WHERE org_id = $1 AND size = $2',
    [tree, size],
  );
  return rows[0]?.note ?? null;
}

interface SignedNote {
  readonly size: number;
  readonly note: string;
}

/** The notes of the next smaller and the next larger size. */
async function readNeighbours(
  tx: ClientBase,
  tree: string,
  size: number,
): Promise<{ before: SignedNote | undefined; after: SignedNote | undefined }> {
  const { rows } = await tx.query<SignedNote>(
    `(SELECT size, note FROM audit.checkpoints WHERE org_id = $1 AND size < $2 ORDER BY size DESC LIMIT 1)
     UNION ALL (SELECT size, note FROM audit.checkpoints WHERE org_id = $1 AND size > $2 ORDER BY size LIMIT 1)`,
    [tree, size],
  );
  return { before: rows.find((row) => row.size < size), after: rows.find((row) => row.size > size) };
}
