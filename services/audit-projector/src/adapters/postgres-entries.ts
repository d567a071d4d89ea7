import type { ClientBase, Pool } from '@tollgate/event-log';
import { asTenant } from '@tollgate/projection';
import type { Entries, EntryFilter, StoredEntry } from '../application/ports.ts';
import { recordHash, type Range } from '@tollgate/proof';
import { splitHashes } from './hash-column.ts';
import { boundsOf, foundByTerms, wantedTerms, type Page } from './entry-search.ts';
import { entryColumns, recordOf, type EntryRow } from './entry-row.ts';

/**
 * Reads the views of the projection `audit`. Every statement names the organization, and row-level security holds behind
 * it: a statement that forgot to would find nothing of another one.
 */
export class PostgresEntries implements Entries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  newest(orgId: string, filter: EntryFilter, before: number | null, limit: number): Promise<StoredEntry[]> {
    return this.#page(orgId, filter, { ...(before !== null && { end: before }), limit, order: 'DESC' });
  }

  oldest(orgId: string, filter: EntryFilter, { begin, end }: Range, limit: number): Promise<StoredEntry[]> {
    return this.#page(orgId, filter, { begin, end, limit, order: 'ASC' });
  }

  async indexOf(orgId: string, id: string): Promise<number | null> {
    const text = 'SELECT index FROM audit.entries WHERE org_id = $1 AND id = $2';
    const { rows } = await asTenant(this.#pool, orgId, (tx) => tx.query<{ index: number }>(text, [orgId, id]));
    return rows[0]?.index ?? null;
  }

  async leaves(tree: string, { begin, end }: Range): Promise<Buffer[]> {
    const text = `SELECT ${entryColumns} FROM audit.entries AS entry WHERE org_id = $1 AND index >= $2 AND index < $3 ORDER BY index`;
    return asTenant(this.#pool, tree, async (tx) => {
      const from = Math.max(begin, Math.min(end, await readRemoved(tx, tree)));
      // In the order of the tables, in which a rebuild locks them too.
      const { rows } = await tx.query<EntryRow>(text, [tree, from, end]);
      const removed = await readLeaves(tx, tree, { begin, end: from });
      if (removed.length < from - begin) return removed;
      const missing = rows.findIndex(({ index }, at) => index !== from + at);
      return [
        ...removed,
        ...rows.slice(0, missing === -1 ? rows.length : missing).map((row) => recordHash(recordOf(row))),
      ];
    });
  }

  removed(orgId: string): Promise<number> {
    return asTenant(this.#pool, orgId, (tx) => readRemoved(tx, orgId));
  }

  /** What is shown comes from one statement, so that a rebuild that switches the views shows either the old tables or the new ones. */
  async #page(orgId: string, filter: EntryFilter, page: Page): Promise<StoredEntry[]> {
    return asTenant(this.#pool, orgId, async (tx) => {
      const wanted = await wantedTerms(tx, orgId, filter);
      if (wanted.some(({ anyOf }) => anyOf?.length === 0)) return [];
      const values: unknown[] = [orgId];
      const value = (given: unknown) => `$${values.push(given)}`;
      const bounds = boundsOf(filter, page, value);
      const source =
        wanted.length === 0
          ? 'audit.entries AS entry WHERE org_id = $1' + bounds.ofIndex('index')
          : `(${foundByTerms(wanted, bounds, page, value)}) AS found
              JOIN audit.entries AS entry USING (index) WHERE org_id = $1`;
      const text = `
        SELECT ${entryColumns},
               (SELECT coalesce(jsonb_object_agg(label.id, label.name), '{}') FROM audit.labels AS label
                 WHERE label.org_id = $1 AND label.id = ANY(entry.target_ids || entry.actor_id)) AS names
          FROM ${source}
         ORDER BY index ${page.order}
         LIMIT ${value(page.limit)}`;
      return (await tx.query<StoredEntry>(text, values)).rows;
    });
  }
}

/** How many entries, from the first one on, have lost their contents. */
async function readRemoved(tx: ClientBase, orgId: string): Promise<number> {
  const text = 'SELECT removed FROM audit.retention WHERE org_id = $1';
  return (await tx.query<{ removed: number }>(text, [orgId])).rows[0]?.removed ?? 0;
}

/** The leaf hashes that are stored with these entries: those before the first one that is missing. */
async function readLeaves(tx: ClientBase, orgId: string, { begin, end }: Range): Promise<Buffer[]> {
  if (begin >= end) return [];
  const text = 'SELECT index, hashes FROM audit.hashes WHERE org_id = $1 AND index >= $2 AND index < $3 ORDER BY index';
  const { rows } = await tx.query<{ index: number; hashes: Buffer }>(text, [orgId, begin, end]);
  const missing = rows.findIndex(({ index }, at) => index !== begin + at);
  return rows.slice(0, missing === -1 ? rows.length : missing).map(({ hashes }) => splitHashes(hashes)[0] as Buffer);
}
