import type { RecordedTollgateEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import { defineProjection, asProjector } from '@tollgate/projection';
import { Frontier } from '@tollgate/proof';
import { entryOf, type Entry } from '../domain/entry.ts';
import { labelOf, type Label } from '../domain/labels.ts';
import { blockSize, termBlocksOf, termsOf, type PlacedTerms, type TermBlock } from '../domain/terms.ts';
import { place, treeOf, type PlacedEntry } from '../domain/tree.ts';
import { wordsOf } from '../domain/words.ts';
import { auditTables, type AuditTable } from './audit-tables.ts';
import { joinHashes, splitHashes } from './hash-column.ts';

type PhysicalName = (table: AuditTable) => string;

/** An entry with the terms by which it is found. */
interface Described {
  readonly entry: Entry;
  readonly terms: readonly string[];
}

/**
 * The audit log: one entry per event and no other way in. The transaction and its checkpoint make it exactly one.
 * @param onGrown learns the trees that a batch has made larger, before its transaction is committed
 */
export function auditProjection(onGrown: (trees: readonly string[]) => void = () => undefined) {
  return defineProjection({
    name: 'audit',
    schema: 'audit',
    tables: auditTables,
    begin: asProjector,
    async apply(tx, events, table) {
      const derived = events.map(entryOf);
      const labels = new Labels(await loadLabels(tx, derived, table));
      const found = events.map((event, at) => labels.describe(event, derived[at]!));
      await saveLabels(tx, labels.changed, table);
      const trees = await loadTrees(tx, [...new Set(found.map(({ entry }) => treeOf(entry)))], table);
      const placed = place(
        found.map(({ entry }) => entry),
        trees,
      );
      await insertEntries(tx, placed, table);
      await addTerms(
        tx,
        placed.map(({ tree, index }, at) => ({ tree, index, terms: found[at]!.terms })),
        table,
      );
      await insertHashes(tx, placed, table);
      await saveTrees(tx, trees, table);
      for (const event of events) await applyRetention(tx, event, table);
      onGrown([...trees.keys()]);
    },
  });
}

const keyOf = (thing: { readonly orgId: string | null }, id: string) => `${treeOf(thing)} ${id}`;

/** Names as they are at each event in turn, so that the result does not depend on how events are cut into batches. */
class Labels {
  readonly #known: Map<string, Label>;
  readonly #changed = new Map<string, Label>();

  constructor(known: readonly Label[]) {
    this.#known = new Map(known.map((label) => [keyOf(label, label.id), label]));
  }

  get changed(): Label[] {
    return [...this.#changed.values()];
  }

  describe(event: RecordedTollgateEvent, derived: Entry): Described {
    this.#learn(labelOf(event));
    const targets = derived.targets.flatMap(({ id }) => this.#known.get(keyOf(derived, id)) ?? []);
    // Later events of a single-space token don't repeat its space, which is fixed for its life.
    const token = derived.targets.find(({ type }) => type === 'token')?.id;
    const tokenSpace = token === undefined ? null : (this.#known.get(keyOf(derived, token))?.spaceId ?? null);
    const entry = { ...derived, spaceId: derived.spaceId ?? tokenSpace };
    const names = targets.map(({ name }) => name);
    return { entry, terms: termsOf(entry, wordsOf(entry, names)) };
  }

  #learn(label: Label | null): void {
    if (!label) return;
    const key = keyOf(label, label.id);
    const merged = { ...label, spaceId: label.spaceId ?? this.#known.get(key)?.spaceId ?? null };
    this.#known.set(key, merged);
    this.#changed.set(key, merged);
  }
}

async function loadLabels(tx: ClientBase, entries: readonly Entry[], table: PhysicalName): Promise<Label[]> {
  const targets = entries.flatMap((entry) => entry.targets.map(({ id }) => ({ tree: treeOf(entry), id })));
  const { rows } = await tx.query<Label & { tree: string }>(
    `SELECT nullif(org_id, '_') AS "orgId", id, name, space_id AS "spaceId" FROM ${table('labels')}
      WHERE (org_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [targets.map(({ tree }) => tree), targets.map(({ id }) => id)],
  );
  return rows;
}

async function saveLabels(tx: ClientBase, labels: readonly Label[], table: PhysicalName): Promise<void> {
  if (labels.length === 0) return;
  const rows = labels.map((label) => ({ ...label, orgId: treeOf(label) }));
  await tx.query(
    `INSERT INTO ${table('labels')} (org_id, id, name, space_id)
     SELECT "orgId", id, name, "spaceId"
       FROM jsonb_to_recordset($1) AS label ("orgId" text, id text, name text, "spaceId" text)
     ON CONFLICT (org_id, id) DO UPDATE SET name = excluded.name, space_id = excluded.space_id`,
    [JSON.stringify(rows)],
  );
}

async function loadTrees(tx: ClientBase, trees: readonly string[], table: PhysicalName) {
  const { rows } = await tx.query<{ tree: string; size: number; frontier: Buffer }>(
    `SELECT org_id AS tree, size, frontier FROM ${table('trees')} WHERE org_id = ANY($1)`,
    [trees],
  );
  return new Map(rows.map(({ tree, size, frontier }) => [tree, new Frontier(size, splitHashes(frontier))]));
}

async function saveTrees(tx: ClientBase, trees: ReadonlyMap<string, Frontier>, table: PhysicalName): Promise<void> {
  const grown = [...trees.values()];
  await tx.query(
    `INSERT INTO ${table('trees')} (org_id, size, frontier) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])
     ON CONFLICT (org_id) DO UPDATE SET size = excluded.size, frontier = excluded.frontier`,
    [[...trees.keys()], grown.map(({ size }) => size), grown.map(({ hashes }) => joinHashes(hashes))],
  );
}

async function insertEntries(tx: ClientBase, entries: PlacedEntry[], table: PhysicalName): Promise<void> {
  const rows = entries.map(({ targets, actor, hashes: _hashes, ...entry }) => ({
    ...entry,
    actorType: actor.type,
    actorId: actor.id,
    targetTypes: targets.map(({ type }) => type),
    targetIds: targets.map(({ id }) => id),
  }));
  await tx.query(
    `INSERT INTO ${table('entries')} (org_id, position, index, version, id, at, space_id, namespace, action, actor_type,
            actor_id, target_types, target_ids, outcome, reason, before, after, request_id, trace_id, commitment)
     SELECT tree, position, index, version, id, at, "spaceId", namespace, action, "actorType",
            "actorId", "targetTypes", "targetIds", outcome, reason, before, after, "requestId", "traceId", commitment
       FROM jsonb_to_recordset($1) AS entry (tree text, position bigint, index bigint, version integer, id text,
            at timestamptz, "spaceId" text, namespace text, action text, "actorType" text, "actorId" text,
            "targetTypes" text[], "targetIds" text[], outcome text, reason text, before jsonb, after jsonb,
            "requestId" text, "traceId" text, commitment text)`,
    [JSON.stringify(rows)],
  );
}

/** Rows of a block that began with an earlier batch may be there; those of the others are new. */
async function addTerms(tx: ClientBase, entries: readonly PlacedTerms[], table: PhysicalName): Promise<void> {
  const firstOf = new Map(entries.toReversed().map(({ tree, index }) => [tree, index]));
  const { begun = [], fresh = [] } = Object.groupBy(termBlocksOf(entries), ({ tree, block }) =>
    block * blockSize < firstOf.get(tree)! ? 'begun' : 'fresh',
  );
  const insert = (blocks: readonly TermBlock[], onConflict: string) =>
    tx.query(
      `INSERT INTO ${table('entry_terms')} AS known (org_id, term, block, bits)
       SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) ${onConflict}`,
      [
        blocks.map(({ tree }) => tree),
        blocks.map(({ term }) => term),
        blocks.map(({ block }) => block),
        blocks.map(({ bits }) => bits),
      ],
    );
  if (begun.length > 0)
    await insert(begun, 'ON CONFLICT (org_id, term, block) DO UPDATE SET bits = known.bits | excluded.bits');
  if (fresh.length > 0) await insert(fresh, '');
}

/** Retention is an event like any other, so a rebuild removes what was removed. Hashes stay. */
async function applyRetention(tx: ClientBase, event: RecordedTollgateEvent, table: PhysicalName): Promise<void> {
  if (event.type === 'AuditRetentionSet') {
    await tx.query(
      `INSERT INTO ${table('retention')} (org_id, days) VALUES ($1, $2)
       ON CONFLICT (org_id) DO UPDATE SET days = excluded.days`,
      [event.orgId, event.data.days],
    );
  }
  if (event.type === 'AuditEntriesRemoved') {
    const { orgId, data } = event;
    await tx.query(
      `INSERT INTO ${table('retention')} AS known (org_id, removed) VALUES ($1, $2)
       ON CONFLICT (org_id) DO UPDATE SET removed = greatest(known.removed, excluded.removed)`,
      [orgId, data.entries],
    );
    await removeTerms(tx, orgId, data.entries, table);
    await tx.query(`DELETE FROM ${table('entries')} WHERE org_id = $1 AND index < $2`, [orgId, data.entries]);
  }
}

/** Of the oldest entries of an organization: so many have none any more. */
async function removeTerms(tx: ClientBase, orgId: string | null, entries: number, table: PhysicalName): Promise<void> {
  const block = Math.floor(entries / blockSize);
  await tx.query(
    `UPDATE ${table('entry_terms')} SET bits = bits & (-1::bigint << $3) WHERE org_id = $1 AND block = $2`,
    [orgId, block, entries % blockSize],
  );
  await tx.query(
    `DELETE FROM ${table('entry_terms')} WHERE org_id = $1 AND (block < $2 OR (block = $2 AND bits = 0))`,
    [orgId, block],
  );
}

async function insertHashes(tx: ClientBase, entries: PlacedEntry[], table: PhysicalName): Promise<void> {
  await tx.query(
    `INSERT INTO ${table('hashes')} (org_id, index, hashes) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])`,
    [
      entries.map(({ tree }) => tree),
      entries.map(({ index }) => index),
      entries.map(({ hashes }) => joinHashes(hashes)),
    ],
  );
}
