import type { RecordedEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import { defineProjection, withoutStatistics } from '@tollgate/projection';
import { evolve, givenUp, placeOf, readRow, rowKinds, rowText, type Kind, type States } from '@tollgate/verifier';

/**
 * The projection `replica`: what verifiers hold in memory, as rows (`snapshot-row.ts` of `@tollgate/verifier`), folded with the
 * verifier's own code. A verifier begins with them and follows the log from there.
 */
export const replicaProjection = defineProjection({
  name: 'replica',
  schema: 'tokens',
  tables: {
    replica: {
      ddl: (table) => [
        // Compared by bytes: the pages of a snapshot are in the order that a verifier compares keys in.
        `CREATE TABLE ${table} (kind smallint NOT NULL, key text COLLATE "C" NOT NULL, state text NOT NULL, PRIMARY KEY (kind, key))`,
        withoutStatistics(table, 'state'),
      ],
    },
  },
  apply: async (tx, events, table) => {
    const rows = new Rows(tx, table('replica'));
    await rows.read(events);
    for (const event of events) rows.apply(event);
    await rows.write();
  },
});

const supersededKind = rowKinds.indexOf('superseded');

/** The rows that a batch of events changes. */
class Rows {
  readonly #tx: ClientBase;
  readonly #table: string;
  readonly #states = new Map<string, { readonly kind: Kind; readonly key: string; state: States[Kind] | null }>();
  /** Digests that were given up, with their tokens. */
  readonly #superseded = new Map<string, string>();

  constructor(tx: ClientBase, table: string) {
    this.#tx = tx;
    this.#table = table;
  }

  /** The states that the events take effect on, as they are now. */
  async read(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      const place = placeOf(event);
      if (place) this.#states.set(nameOf(place), { ...place, state: null });
    }
    const places = [...this.#states.values()];
    const { rows } = await this.#tx.query<{ kind: number; key: string; state: string }>(
      `SELECT kind, key, state FROM ${this.#table} JOIN unnest($1::smallint[], $2::text[]) AS wanted (kind, key) USING (kind, key)`,
      [places.map(({ kind }) => rowKinds.indexOf(kind)), places.map(({ key }) => key)],
    );
    for (const { kind: number, key, state } of rows) {
      const kind = rowKinds[number] as Kind;
      this.#states.get(nameOf({ kind, key }))!.state = readRow(kind, key, state);
    }
  }

  apply(event: RecordedEvent): void {
    const place = placeOf(event);
    if (!place) return;
    const row = this.#states.get(nameOf(place))!;
    const next = evolve(row.kind, row.state, event);
    if (row.kind === 'token') {
      const [before, after] = [row.state, next] as [States['token'] | null, States['token']];
      for (const digest of givenUp(before, after)) this.#superseded.set(digest, row.key);
    }
    row.state = next;
  }

  async write(): Promise<void> {
    const all = [...this.#states.values()];
    const gone = all.filter(({ state }) => state === null);
    if (gone.length > 0) {
      await this.#tx.query(
        `DELETE FROM ${this.#table} USING unnest($1::smallint[], $2::text[]) AS gone (kind, key)
          WHERE ${this.#table}.kind = gone.kind AND ${this.#table}.key = gone.key`,
        [gone.map(({ kind }) => rowKinds.indexOf(kind)), gone.map(({ key }) => key)],
      );
    }
    const rows: [number, string, string][] = [];
    for (const { kind, key, state } of all) if (state) rows.push([rowKinds.indexOf(kind), key, rowText(kind, state)]);
    for (const [digest, tokenId] of this.#superseded) rows.push([supersededKind, digest, tokenId]);
    if (rows.length === 0) return;
    await this.#tx.query(
      `INSERT INTO ${this.#table} (kind, key, state) SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[])
       ON CONFLICT (kind, key) DO UPDATE SET state = excluded.state`,
      [rows.map(([kind]) => kind), rows.map(([, key]) => key), rows.map(([, , state]) => state)],
    );
  }
}

const nameOf = ({ kind, key }: { kind: Kind; key: string }) => `${kind} ${key}`;
