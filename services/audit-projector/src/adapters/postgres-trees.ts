import type { ClientBase, Pool } from '@tollgate/event-log';
import { hashOfRange, nodesOf, type NodePlace, type Range } from '@tollgate/proof';
import type { Trees } from '../application/ports.ts';
import { splitHashes } from './hash-column.ts';
import { asTenant } from './tenant.ts';

/** Reads the trees of the projection `audit`. */
export class PostgresTrees implements Trees {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  size(orgId: string): Promise<number> {
    return asTenant(this.#pool, orgId, (tx) => readSize(tx, orgId));
  }

  async hashes(orgId: string, ranges: readonly Range[]): Promise<Buffer[]> {
    if (ranges.length === 0) return [];
    return asTenant(this.#pool, orgId, (tx) => readHashes(tx, orgId, ranges));
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
