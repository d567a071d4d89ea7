import type { ClientBase, Pool } from '@tollgate/event-log';
import { inTransaction } from '@tollgate/event-log';
import { physicalName, shapeOf, type ProjectionDefinition } from './definition.ts';

/** One set of a projection's tables. One generation is live: the views show it. Another may be in the making. */
export interface Generation {
  readonly generation: number;
  /** Everything up to here is applied. */
  readonly position: number;
  readonly version: number;
  readonly shape: string;
  readonly logId: string;
  readonly tables: readonly string[];
}

const COLUMNS = 'generation, position, version, shape, log_id AS "logId", tables';

/** The tables of a generation, as Postgres knows them. */
export function physicalNames({ schema }: Pick<ProjectionDefinition, 'schema'>, { generation, tables }: Generation) {
  return tables.map((table) => physicalName(schema, table, generation));
}

/** Makes the schema's checkpoint table if it is missing. Several processes may start at once. */
export async function ensureCheckpoints(pool: Pool, schema: string): Promise<void> {
  await inTransaction(pool, async (tx) => {
    await lockStart(tx, schema);
    await tx.query(`CREATE TABLE IF NOT EXISTS ${schema}.projection_checkpoints (
      name text NOT NULL, generation integer NOT NULL, position bigint NOT NULL, live boolean NOT NULL,
      version integer NOT NULL, shape text NOT NULL, log_id text NOT NULL, tables text[] NOT NULL,
      PRIMARY KEY (name, generation))`);
    await tx.query(`CREATE UNIQUE INDEX IF NOT EXISTS projection_checkpoints_live
      ON ${schema}.projection_checkpoints (name) WHERE live`);
  });
}

/** The live generation; made empty, with its views, if there is none. */
export async function ensureLive(pool: Pool, definition: ProjectionDefinition, logId: string): Promise<Generation> {
  return inTransaction(pool, async (tx) => {
    await lockStart(tx, definition.schema);
    const live = await readLive(tx, definition);
    if (live) return live;
    const made = await makeGeneration(tx, definition, logId);
    await switchTo(tx, definition, made);
    return made;
  });
}

/** The live generation as it is now, without a lock. */
export async function readLive(
  tx: Pick<ClientBase, 'query'>,
  definition: ProjectionDefinition,
): Promise<Generation | undefined> {
  const text = `SELECT ${COLUMNS} FROM ${definition.schema}.projection_checkpoints WHERE name = $1 AND live`;
  return (await tx.query<Generation>(text, [definition.name])).rows[0];
}

/** The live generation, locked until the end of the transaction: nobody else applies or switches meanwhile. */
export async function lockLive(tx: ClientBase, definition: ProjectionDefinition): Promise<Generation> {
  const text = `SELECT ${COLUMNS} FROM ${definition.schema}.projection_checkpoints WHERE name = $1 AND live FOR UPDATE`;
  // A switch that commits while this waits takes the row away; the second statement sees the new one.
  for (let attempt = 0; attempt < 3; attempt++) {
    const { rows } = await tx.query<Generation>(text, [definition.name]);
    if (rows[0]) return rows[0];
  }
  throw new Error(`the projection ${definition.schema}.${definition.name} has no live tables: start its service again`);
}

export async function setPosition(
  tx: ClientBase,
  { schema, name }: ProjectionDefinition,
  generation: number,
  position: number,
): Promise<void> {
  await tx.query(`UPDATE ${schema}.projection_checkpoints SET position = $3 WHERE name = $1 AND generation = $2`, [
    name,
    generation,
    position,
  ]);
}

/** Makes the tables of the next generation, empty, at position 0. Throws away what an interrupted rebuild left behind. */
export async function makeGeneration(
  tx: ClientBase,
  definition: ProjectionDefinition,
  logId: string,
): Promise<Generation> {
  const { schema, name, version = 1 } = definition;
  const known = await tx.query<Generation & { live: boolean }>(
    `SELECT ${COLUMNS}, live FROM ${schema}.projection_checkpoints WHERE name = $1`,
    [name],
  );
  for (const row of known.rows) if (!row.live) await dropGeneration(tx, definition, row);
  const generation = Math.max(0, ...known.rows.map((row) => row.generation)) + 1;
  const tables = Object.keys(definition.tables);
  for (const [table, { ddl }] of Object.entries(definition.tables)) {
    for (const statement of ddl(physicalName(schema, table, generation))) await tx.query(statement);
  }
  const shape = shapeOf(definition);
  await tx.query(
    `INSERT INTO ${schema}.projection_checkpoints (name, generation, position, live, version, shape, log_id, tables)
     VALUES ($1, $2, 0, false, $3, $4, $5, $6)`,
    [name, generation, version, shape, logId, tables],
  );
  return { generation, position: 0, version, shape, logId, tables };
}

/** Points the views at a generation and drops the one they showed: readers see the old rows or the new ones, never both. */
export async function switchTo(tx: ClientBase, definition: ProjectionDefinition, next: Generation): Promise<void> {
  const { schema, name } = definition;
  const previous = await readLive(tx, definition);
  for (const table of previous?.tables ?? []) await tx.query(`DROP VIEW ${schema}.${table}`);
  if (previous) await dropGeneration(tx, definition, previous);
  for (const table of next.tables) {
    // As whoever reads and not as the owner of the view: row-level security of the tables holds behind it.
    const physical = physicalName(schema, table, next.generation);
    await tx.query(`CREATE VIEW ${schema}.${table} WITH (security_invoker) AS SELECT * FROM ${physical}`);
  }
  await tx.query(`UPDATE ${schema}.projection_checkpoints SET live = true WHERE name = $1 AND generation = $2`, [
    name,
    next.generation,
  ]);
}

async function dropGeneration(
  tx: ClientBase,
  { schema, name }: ProjectionDefinition,
  { generation, tables }: Pick<Generation, 'generation' | 'tables'>,
): Promise<void> {
  for (const table of tables) await tx.query(`DROP TABLE IF EXISTS ${physicalName(schema, table, generation)}`);
  await tx.query(`DELETE FROM ${schema}.projection_checkpoints WHERE name = $1 AND generation = $2`, [
    name,
    generation,
  ]);
}

async function lockStart(tx: ClientBase, schema: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`tollgate projections of ${schema}`]);
}
