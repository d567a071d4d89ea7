import type { Pool } from '@tollgate/event-log';
import type { Entries, EntryFilter, StoredEntry } from '../application/ports.ts';

/** Reads the views of the projection `audit`. */
export class PostgresEntries implements Entries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async newest(orgId: string, filter: EntryFilter, before: number | null, limit: number): Promise<StoredEntry[]> {
    const { rows } = await this.#pool.query<StoredEntry>(pageQuery(orgId, filter, before, limit));
    return rows;
  }
}

/** One statement, so that a rebuild that switches the views shows either the old tables or the new ones. */
function pageQuery(orgId: string, filter: EntryFilter, before: number | null, limit: number) {
  const values: unknown[] = [orgId];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = ['entry.org_id = $1', ...conditionsOf(filter, value)];
  if (before !== null) conditions.push(`entry.position < ${value(before)}`);
  const text = `
    SELECT entry.id, position, index, at, org_id AS "orgId", entry.space_id AS "spaceId", namespace, action,
           actor_type AS "actorType", actor_id AS "actorId", target_types AS "targetTypes", target_ids AS "targetIds",
           outcome, reason, before, after, request_id AS "requestId", trace_id AS "traceId",
           (SELECT coalesce(jsonb_object_agg(label.id, label.name), '{}') FROM audit.labels AS label
             WHERE label.org_id = $1 AND label.id = ANY(entry.target_ids || entry.actor_id)) AS names
      FROM audit.entries AS entry
     WHERE ${conditions.join(' AND ')}
     ORDER BY entry.position DESC
     LIMIT ${value(limit)}`;
  return { text, values };
}

function conditionsOf(filter: EntryFilter, value: (given: unknown) => string): string[] {
  const { namespace, action, actor, target, outcome, from, to } = filter;
  return [
    namespace === undefined ? '' : `entry.namespace = ${value(namespace)}`,
    action === undefined ? '' : `entry.action LIKE ${value(beginningWith(action))}`,
    actor === undefined ? '' : `entry.actor_id = ${value(actor)}`,
    outcome === undefined ? '' : `entry.outcome = ${value(outcome)}`,
    target === undefined
      ? ''
      : `EXISTS (SELECT FROM audit.entry_targets AS target WHERE target.org_id = $1
                  AND target.target_id = ${value(target)} AND target.position = entry.position)`,
    // Times never fall as positions rise, so a time is a bound of the position, by which the list is ordered.
    from === undefined ? '' : `entry.position >= (${firstPositionAt(value(from))})`,
    to === undefined ? '' : `entry.position < coalesce((${firstPositionAt(value(to))}), 9223372036854775807)`,
  ].filter((condition) => condition !== '');
}

function firstPositionAt(time: string): string {
  return `SELECT position FROM audit.entries WHERE org_id = $1 AND at >= ${time}::timestamptz ORDER BY at, position LIMIT 1`;
}

function beginningWith(text: string): string {
  return `${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
