import type { ClientBase, Pool } from '@tollgate/event-log';
import { asTenant } from '@tollgate/projection';
import type { Entries, EntryFilter, StoredEntry } from '../application/ports.ts';
import type { WantedWord } from '../domain/words.ts';
import { recordHash, type ProvenRecord, type Range } from '@tollgate/proof';
import { splitHashes } from './hash-column.ts';
import { recordColumns } from './record-columns.ts';

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
    return this.#page(orgId, filter, limit, 'DESC', (value) =>
      before === null ? [] : [`entry.position < ${value(before)}`],
    );
  }

  oldest(
    orgId: string,
    filter: EntryFilter,
    after: { position: number; size: number },
    limit: number,
  ): Promise<StoredEntry[]> {
    return this.#page(orgId, filter, limit, 'ASC', (value) => [
      `entry.position > ${value(after.position)}`,
      `entry.index < ${value(after.size)}`,
    ]);
  }

  async indexOf(orgId: string, id: string): Promise<number | null> {
    const text = 'SELECT index FROM audit.entries WHERE org_id = $1 AND id = $2';
    const { rows } = await asTenant(this.#pool, orgId, (tx) => tx.query<{ index: number }>(text, [orgId, id]));
    return rows[0]?.index ?? null;
  }

  async leaves(tree: string, { begin, end }: Range): Promise<Buffer[]> {
    const text = `SELECT ${recordColumns} FROM audit.entries WHERE org_id = $1 AND index >= $2 AND index < $3 ORDER BY index`;
    return asTenant(this.#pool, tree, async (tx) => {
      const from = Math.max(begin, Math.min(end, await readRemoved(tx, tree)));
      // In the order of the tables, in which a rebuild locks them too.
      const { rows } = await tx.query<ProvenRecord>(text, [tree, from, end]);
      const removed = await readLeaves(tx, tree, { begin, end: from });
      if (removed.length < from - begin) return removed;
      const missing = rows.findIndex(({ index }, at) => index !== from + at);
      return [...removed, ...rows.slice(0, missing === -1 ? rows.length : missing).map(recordHash)];
    });
  }

  removed(orgId: string): Promise<number> {
    return asTenant(this.#pool, orgId, (tx) => readRemoved(tx, orgId));
  }

  /** One statement, so that a rebuild that switches the views shows either the old tables or the new ones. */
  async #page(
    orgId: string,
    filter: EntryFilter,
    limit: number,
    order: 'ASC' | 'DESC',
    bounds: (value: (given: unknown) => string) => string[],
  ): Promise<StoredEntry[]> {
    const values: unknown[] = [orgId];
    const value = (given: unknown) => `$${values.push(given)}`;
    const conditions = ['entry.org_id = $1', ...conditionsOf(filter, value), ...bounds(value)];
    const text = `
      SELECT entry.id, position, index, version, at, org_id AS "orgId", entry.space_id AS "spaceId", namespace, action,
             actor_type AS "actorType", actor_id AS "actorId", target_types AS "targetTypes", target_ids AS "targetIds",
             outcome, reason, before, after, request_id AS "requestId", trace_id AS "traceId", commitment,
             (SELECT coalesce(jsonb_object_agg(label.id, label.name), '{}') FROM audit.labels AS label
               WHERE label.org_id = $1 AND label.id = ANY(entry.target_ids || entry.actor_id)) AS names
        FROM audit.entries AS entry
       WHERE ${conditions.join(' AND ')}
       ORDER BY entry.position ${order}
       LIMIT ${value(limit)}`;
    const { rows } = await asTenant(this.#pool, orgId, (tx) => tx.query<StoredEntry>(text, values));
    return rows;
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

/** Equality and order alone: what else there is would not reach an index behind row-level security. */
function conditionsOf(filter: EntryFilter, value: (given: unknown) => string): string[] {
  const { namespace, action, actor, target, spaceId, outcome, from, to, words } = filter;
  return [
    namespace === undefined ? '' : `entry.namespace = ${value(namespace)}`,
    action === undefined ? '' : beginningWith('entry.action', action, value),
    actor === undefined ? '' : `entry.actor_id = ${value(actor)}`,
    spaceId === undefined ? '' : `entry.space_id = ${value(spaceId)}`,
    outcome === undefined ? '' : `entry.outcome = ${value(outcome)}`,
    target === undefined
      ? ''
      : `EXISTS (SELECT FROM audit.entry_targets AS target WHERE target.org_id = $1
                  AND target.target_id = ${value(target)} AND target.position = entry.position)`,
    ...(words === undefined ? [] : wordConditions(words, value)),
    // Times never fall as positions rise, so a time is a bound of the position, by which the list is ordered.
    from === undefined ? '' : `entry.position >= (${firstPositionAt(value(from))})`,
    to === undefined ? '' : `entry.position < coalesce((${firstPositionAt(value(to))}), 9223372036854775807)`,
  ].filter((condition) => condition !== '');
}

/** A text of signs alone holds no word, and nothing is found by it. */
function wordConditions(words: readonly WantedWord[], value: (given: unknown) => string): string[] {
  if (words.length === 0) return ['false'];
  return words.map(({ text, beginning }) => {
    const wanted = beginning ? beginningWith('word.word', text, value) : `word.word = ${value(text)}`;
    return `EXISTS (SELECT FROM audit.entry_words AS word WHERE word.org_id = $1 AND ${wanted}
                     AND word.position = entry.position)`;
  });
}

function firstPositionAt(time: string): string {
  return `SELECT position FROM audit.entries WHERE org_id = $1 AND at >= ${time}::timestamptz ORDER BY at, position LIMIT 1`;
}

/** In the order of bytes, all texts of one beginning stand between it and it with the last character there is. */
function beginningWith(column: string, beginning: string, value: (given: unknown) => string): string {
  return `${column} >= ${value(beginning)} AND ${column} < ${value(`${beginning}\u{10ffff}`)}`;
}
