import type { RecordedTollgateEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import { defineProjection } from '@tollgate/projection';
import { entryOf, type Entry } from '../domain/entry.ts';
import { labelOf, type Label } from '../domain/labels.ts';
import { place, treeOf, type PlacedEntry } from '../domain/tree.ts';
import { auditTables, type AuditTable } from './audit-tables.ts';

type PhysicalName = (table: AuditTable) => string;

/** The audit log: one entry per event and no other way in. The transaction and its checkpoint make it exactly one. */
export const auditProjection = defineProjection({
  name: 'audit',
  schema: 'audit',
  tables: auditTables,
  async apply(tx, events, table) {
    await saveLabels(tx, events, table);
    const entries = await withSpaces(tx, events.map(entryOf), table);
    const { placed, sizes } = place(entries, await loadSizes(tx, entries, table));
    await insertEntries(tx, placed, table);
    await insertTargets(tx, placed, table);
    await saveSizes(tx, sizes, table);
  },
});

async function saveLabels(
  tx: ClientBase,
  events: readonly RecordedTollgateEvent[],
  table: PhysicalName,
): Promise<void> {
  const labels = new Map<string, Label>();
  for (const label of events.map(labelOf)) {
    if (!label) continue;
    const key = `${treeOf(label)} ${label.id}`;
    labels.set(key, { ...label, spaceId: label.spaceId ?? labels.get(key)?.spaceId ?? null });
  }
  if (labels.size === 0) return;
  const rows = [...labels.values()].map((label) => ({ ...label, orgId: treeOf(label) }));
  await tx.query(
    `INSERT INTO ${table('labels')} AS known (org_id, id, name, space_id)
     SELECT "orgId", id, name, "spaceId"
       FROM jsonb_to_recordset($1) AS label ("orgId" text, id text, name text, "spaceId" text)
     ON CONFLICT (org_id, id) DO UPDATE
        SET name = excluded.name, space_id = coalesce(excluded.space_id, known.space_id)`,
    [JSON.stringify(rows)],
  );
}

/** Later events of a single-space token don't repeat its space, which is fixed for its life: it is known since its creation. */
async function withSpaces(tx: ClientBase, entries: Entry[], table: PhysicalName): Promise<Entry[]> {
  const tokenOf = (entry: Entry) => entry.targets.find(({ type }) => type === 'token')?.id;
  const open = entries.filter((entry) => entry.spaceId === null && tokenOf(entry) !== undefined);
  if (open.length === 0) return entries;
  const { rows } = await tx.query<{ tree: string; id: string; spaceId: string }>(
    `SELECT org_id AS tree, id, space_id AS "spaceId" FROM ${table('labels')}
      WHERE (org_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND space_id IS NOT NULL`,
    [open.map(treeOf), open.map(tokenOf)],
  );
  const spaces = new Map(rows.map(({ tree, id, spaceId }) => [`${tree} ${id}`, spaceId]));
  return entries.map((entry) => ({
    ...entry,
    spaceId: entry.spaceId ?? spaces.get(`${treeOf(entry)} ${tokenOf(entry)}`) ?? null,
  }));
}

async function loadSizes(tx: ClientBase, entries: Entry[], table: PhysicalName): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ tree: string; size: number }>(
    `SELECT org_id AS tree, size FROM ${table('trees')} WHERE org_id = ANY($1)`,
    [[...new Set(entries.map(treeOf))]],
  );
  return new Map(rows.map(({ tree, size }) => [tree, size]));
}

async function saveSizes(tx: ClientBase, sizes: Map<string, number>, table: PhysicalName): Promise<void> {
  await tx.query(
    `INSERT INTO ${table('trees')} (org_id, size) SELECT * FROM unnest($1::text[], $2::bigint[])
     ON CONFLICT (org_id) DO UPDATE SET size = excluded.size`,
    [[...sizes.keys()], [...sizes.values()]],
  );
}

async function insertEntries(tx: ClientBase, entries: PlacedEntry[], table: PhysicalName): Promise<void> {
  const rows = entries.map(({ targets, actor, ...entry }) => ({
    ...entry,
    actorType: actor.type,
    actorId: actor.id,
    targetTypes: targets.map(({ type }) => type),
    targetIds: targets.map(({ id }) => id),
  }));
  await tx.query(
    `INSERT INTO ${table('entries')} (org_id, position, index, id, at, space_id, namespace, action, actor_type, actor_id,
            target_types, target_ids, outcome, reason, before, after, request_id, trace_id)
     SELECT tree, position, index, id, at, "spaceId", namespace, action, "actorType", "actorId",
            "targetTypes", "targetIds", outcome, reason, before, after, "requestId", "traceId"
       FROM jsonb_to_recordset($1) AS entry (tree text, position bigint, index bigint, id text, at timestamptz,
            "spaceId" text, namespace text, action text, "actorType" text, "actorId" text, "targetTypes" text[],
            "targetIds" text[], outcome text, reason text, before jsonb, after jsonb, "requestId" text, "traceId" text)`,
    [JSON.stringify(rows)],
  );
}

async function insertTargets(tx: ClientBase, entries: PlacedEntry[], table: PhysicalName): Promise<void> {
  const rows = entries.flatMap(({ tree, position, targets }) =>
    [...new Set(targets.map(({ id }) => id))].map((id) => ({ tree, id, position })),
  );
  await tx.query(
    `INSERT INTO ${table('entry_targets')} (org_id, target_id, position)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])`,
    [rows.map(({ tree }) => tree), rows.map(({ id }) => id), rows.map(({ position }) => position)],
  );
}
