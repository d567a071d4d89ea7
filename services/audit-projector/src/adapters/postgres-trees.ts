import { inTransaction, type ClientBase, type Pool } from '@tollgate/event-log';
import { asProjector, asTenant } from '@tollgate/projection';
import { hashOfRange, nodesOf, type NodePlace, type Range } from '@tollgate/proof';
import type { Trees } from '../application/ports.ts';
import { splitHashes } from './hash-column.ts';

/** Reads the trees of the projection `audit`. */
export class PostgresTrees implements Trees {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  size(orgId: string): Promise<number> {
    return asTenant(this.#pool, orgId, (tx) => readSize(tx, orgId));
  }

  async heads(after: string | null, limit: number): Promise<{ tree: string; size: number }[]> {
    const text = `
      SELECT tree.org_id AS tree, coalesce(newest.size, 0) AS size FROM audit.trees AS tree
        LEFT JOIN LATERAL (SELECT size FROM audit.checkpoints AS checkpoint WHERE checkpoint.org_id = tree.org_id
                            ORDER BY size DESC LIMIT 1) AS newest ON true
       WHERE tree.org_id > $1 ORDER BY tree.org_id LIMIT $2`;
    const { rows } = await inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      return tx.query<{ tree: string; size: number }>(text, [after ?? '', limit]);
    });
    return rows;
  }

  async hashes(orgId: string, ranges: readonly Range[]): Promise<Buffer[]> {
    if (ranges.length === 0) return [];
    return asTenant(this.#pool, orgId, (tx) => readHashes(tx, orgId, ranges));
  }

  async stored(tree: string, { begin, end }: Range): Promise<Buffer> {
    const text = 'SELECT hashes FROM audit.hashes WHERE org_id = $1 AND index >= $2 AND index < $3 ORDER BY index';
    const { rows } = await asTenant(this.#pool, tree, (tx) => tx.query<{ hashes: Buffer }>(text, [tree, begin, end]));
    return Buffer.concat(rows.map(({ hashes }) => hashes));
  }
}

export async function readSize(tx: ClientBase, orgId: string): Promise<number> {
  const { rows } = await tx.query<{ size: number }>('SELECT size FROM audit.trees WHERE org_id = $1', [orgId]);
  return rows[0]?.size ?? 0;
}

/** The hash over each range, of the O(log n) stored ones that make it up: one statement for all. */
export async function readHashes(tx: ClientBase, orgId: string, ranges: readonly Range[]): Promise<Buffer[]> {
  // A complete subtree is stored with the entry that completed it.
  const rowOf = ({ level, index }: NodePlace) => (index + 1) * 2 ** level - 1;
  const wanted = [...new Set(ranges.flatMap(nodesOf).map(rowOf))];
  const { rows } = await tx.query<{ index: number; hashes: Buffer }>({
    name: 'audit-hashes',
    text: 'SELECT index, hashes FROM audit.hashes WHERE org_id = $1 AND index = ANY($2)',
    values: [orgId, wanted],
  });
  const stored = new Map(rows.map(({ index, hashes }) => [index, splitHashes(hashes)]));
  return ranges.map((range) =>
    hashOfRange(range, (place) => {
      const hash = stored.get(rowOf(place))?.[place.level];
      if (!hash) throw new Error(`the tree of ${orgId} has no node ${place.index} of level ${place.level}`);
      return hash;
    }),
  );
}
