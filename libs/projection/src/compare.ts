import type { ClientBase } from '@tollgate/event-log';
import { physicalName, type ProjectionDefinition } from './definition.ts';

/** One table in the running generation and in the rebuilt one. */
export interface TableComparison {
  readonly name: string;
  /** Rows of the rebuilt table. */
  readonly rows: number;
  /** SHA-256 over the digests of all rows, in the order of these digests. */
  readonly liveDigest: string;
  readonly rebuiltDigest: string;
}

/** Differing rows that a report names per table and side. */
const NAMED_MAX = 10;
/** Comparing reads whole tables: the pool's time-outs for requests don't apply. */
const TIMEOUT_MS = 3_600_000;

/** Compares two generations of one shape byte for byte and names the rows that differ. */
export async function compareGenerations(
  tx: ClientBase,
  { schema, tables }: ProjectionDefinition,
  live: number,
  rebuilt: number,
): Promise<{ tables: TableComparison[]; differences: string[] }> {
  const comparisons: TableComparison[] = [];
  const differences: string[] = [];
  for (const name of Object.keys(tables)) {
    const [liveTable, rebuiltTable] = [physicalName(schema, name, live), physicalName(schema, name, rebuilt)];
    const [before, after] = [await digest(tx, liveTable), await digest(tx, rebuiltTable)];
    comparisons.push({ name, rows: after.rows, liveDigest: before.digest, rebuiltDigest: after.digest });
    if (before.digest === after.digest) continue;
    differences.push(
      `${name}: ${before.rows} rows were running and ${after.rows} were rebuilt`,
      ...(await missing(tx, liveTable, rebuiltTable)).map((row) => `${name}: only in the running table: ${row}`),
      ...(await missing(tx, rebuiltTable, liveTable)).map((row) => `${name}: only in the rebuilt table: ${row}`),
    );
  }
  return { tables: comparisons, differences };
}

async function digest(tx: ClientBase, table: string): Promise<{ rows: number; digest: string }> {
  const { rows } = await tx.query<{ rows: number; digest: string }>({
    // Of each row as Postgres sends it, which is cheaper than its text. OFFSET 0 keeps Postgres from sorting whole rows by
    // a hash that it then works out a second time.
    text: `SELECT count(*) AS rows, encode(sha256(coalesce(string_agg(hash, ''::bytea ORDER BY hash), ''::bytea)), 'hex') AS digest
             FROM (SELECT sha256(record_send(t)) AS hash FROM ${table} AS t OFFSET 0) AS hashes`,
    query_timeout: TIMEOUT_MS,
  } as { text: string });
  return rows[0]!;
}

/** Rows of one table whose text the other one doesn't have, as JSON. */
async function missing(tx: ClientBase, table: string, other: string): Promise<string[]> {
  const { rows } = await tx.query<{ row: string }>({
    text: `SELECT to_jsonb(t)::text AS row FROM ${table} AS t
            WHERE NOT EXISTS (SELECT FROM ${other} AS o WHERE o::text = t::text) ORDER BY 1 LIMIT ${NAMED_MAX}`,
    query_timeout: TIMEOUT_MS,
  } as { text: string });
  return rows.map(({ row }) => row);
}
