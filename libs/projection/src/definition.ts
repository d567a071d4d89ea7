import { createHash } from 'node:crypto';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';

/** A table of a projection. */
export interface ProjectionTable {
  /**
   * Statements that make the table under the physical name given (`billing.seats__3`): a generation of its own, beside
   * the running one. Leave indexes and constraints unnamed. Values must come from events alone: no sequence, no `now()`.
   */
  readonly ddl: (physicalName: string) => readonly string[];
}

export interface ProjectionDefinition<Tables extends string = string> {
  /** `seats`: what the rebuild command, metrics and logs call it. Unique in its schema. */
  readonly name: string;
  /** The schema that the service's role owns. */
  readonly schema: string;
  /** Readers use views of these names in the schema. */
  readonly tables: Readonly<Record<Tables, ProjectionTable>>;
  /** Raise it when `apply` writes something else for the same events: the next start builds the tables anew (default 1). */
  readonly version?: number;
  /**
   * Runs first in every transaction that writes, compares or switches the tables: what row-level security wants to know of
   * whoever writes rows of all tenants.
   */
  readonly begin?: (tx: ClientBase) => Promise<void>;
  /**
   * Applies events, in order, inside a transaction that also moves the checkpoint. The result must not depend on how
   * events are cut into batches. `table` gives the physical name to write to.
   */
  apply(tx: ClientBase, events: readonly RecordedTollgateEvent[], table: (name: Tables) => string): Promise<void>;
}

const IDENTIFIER = /^[a-z][a-z0-9_]{0,50}$/;

/** Checks the names of a projection and returns it with its types. */
export function defineProjection<const Tables extends string>(
  definition: ProjectionDefinition<Tables>,
): ProjectionDefinition<Tables> {
  for (const name of [definition.schema, ...Object.keys(definition.tables)]) {
    if (!IDENTIFIER.test(name)) {
      throw new Error(`projection ${definition.name}: ${name} must be lower-case letters, digits and _ (at most 51)`);
    }
  }
  return definition;
}

/** `billing.seats__3`: the table `seats` of the third generation. */
export function physicalName(schema: string, table: string, generation: number): string {
  return `${schema}.${table}__${generation}`;
}

/** Physical names of one generation, for `apply`. */
export function tableNames<Tables extends string>(
  { schema }: Pick<ProjectionDefinition<Tables>, 'schema'>,
  generation: number,
): (name: Tables) => string {
  return (name) => physicalName(schema, name, generation);
}

/** Changes with the version and with the tables: what was built under another shape is built anew. */
export function shapeOf({ version = 1, tables }: ProjectionDefinition): string {
  const ddl = Object.entries(tables).map(([name, table]) => [name, table.ddl(name)]);
  return createHash('sha256')
    .update(JSON.stringify([version, ddl]))
    .digest('hex');
}
