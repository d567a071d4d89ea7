import type { ProvenRecord } from '@tollgate/proof';
import type { StoredEntry } from '../application/ports.ts';
import { platformTree } from '../domain/tree.ts';

/** What is read of `audit.entries AS entry`. Postgres puts no object together: that is cheaper here. */
export const entryColumns = `entry.version, entry.id, entry.position, entry.index, entry.at, nullif(entry.org_id, '${platformTree}') AS "orgId",
       entry.space_id AS "spaceId", namespace, action, actor_type AS "actorType", actor_id AS "actorId",
       target_types AS "targetTypes", target_ids AS "targetIds", outcome, reason, before, after,
       request_id AS "requestId", trace_id AS "traceId", commitment`;

/** A row of these columns. */
export type EntryRow = Omit<StoredEntry, 'names' | 'orgId'> & Pick<ProvenRecord, 'orgId'>;

/** The proven record of a row, its members always in the same order. */
export function recordOf(row: EntryRow): ProvenRecord {
  const { version, id, position, index, at, orgId, spaceId, namespace, action, outcome, reason, before, after } = row;
  const { actorType, actorId, targetTypes, targetIds, requestId, traceId, commitment } = row;
  return {
    ...{ version, id, position, index, at, orgId, spaceId, namespace, action },
    actor: { type: actorType, id: actorId },
    targets: targetIds.map((target, place) => ({ type: targetTypes[place]!, id: target })),
    ...{ outcome, reason, before, after },
    context: { requestId, traceId, commitment },
  };
}
