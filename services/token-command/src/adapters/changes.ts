import type { EventData, EventType, RecordedEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import type { TokenListTable } from './token-list-tables.ts';

/** One row that an event adds, changes or removes. Values by column. */
export type Change =
  | { readonly insertInto: TokenListTable; readonly values: Values }
  | { readonly update: TokenListTable; readonly id: string; readonly set: Values }
  | { readonly deleteFrom: TokenListTable; readonly where: Values };
export type Values = Readonly<Record<string, unknown>>;

/** In `set`: the value that another column has before the update. */
export class Column {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export type Effects = { readonly [T in EventType]?: (data: EventData<T>, event: RecordedEvent) => readonly Change[] };

/** Rows of one statement at most. */
const rowsMax = 1_000;

type PhysicalName = (name: TokenListTable) => string;

/**
 * Writes what events do, in their order. Rows that are added to one table one after the other are written together;
 * whatever looks at rows of that table waits until they are there.
 */
export async function writeChanges(
  tx: ClientBase,
  effects: Effects,
  events: readonly RecordedEvent[],
  table: PhysicalName,
): Promise<void> {
  const added = new Map<TokenListTable, Values[]>();
  const flush = async (name: TokenListTable) => {
    const rows = added.get(name) ?? [];
    added.delete(name);
    for (let start = 0; start < rows.length; start += rowsMax) {
      await tx.query(insertOf(table(name), rows.slice(start, start + rowsMax)));
    }
  };
  for (const event of events) {
    const effect = effects[event.type as EventType] as
      ((data: unknown, event: RecordedEvent) => readonly Change[]) | undefined;
    for (const change of effect?.(event.data, event) ?? []) {
      if ('insertInto' in change) {
        const rows = added.get(change.insertInto);
        if (rows) rows.push(change.values);
        else added.set(change.insertInto, [change.values]);
        continue;
      }
      await flush('update' in change ? change.update : change.deleteFrom);
      await tx.query(...('update' in change ? updateOf(change, event, table) : deleteOf(change, table)));
    }
  }
  for (const name of [...added.keys()]) await flush(name);
}

/**
 * One text for any number of rows, so that Postgres plans it once for each connection. Columns come from the effects, never
 * from an event, and all rows of a table have the same ones.
 */
function insertOf(name: string, rows: readonly Values[]) {
  const columns = Object.keys(rows[0] as Values).join();
  return {
    name: `insert into ${name}`,
    text: `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${name}, $1)`,
    values: [JSON.stringify(rows)],
  };
}

function updateOf(
  { update, id, set }: Extract<Change, { update: unknown }>,
  { orgId, version }: RecordedEvent,
  table: PhysicalName,
): [string, unknown[]] {
  const values: unknown[] = [orgId, id, version];
  const assignments = Object.entries(set).map(([column, value]) =>
    value instanceof Column ? `${column} = ${value.name}` : `${column} = $${values.push(value)}`,
  );
  return [
    `UPDATE ${table(update)} SET ${['version = $3', ...assignments].join()} WHERE org_id = $1 AND id = $2`,
    values,
  ];
}

function deleteOf(
  { deleteFrom, where }: Extract<Change, { deleteFrom: unknown }>,
  table: PhysicalName,
): [string, unknown[]] {
  const conditions = Object.keys(where).map((column, index) => `${column} = $${index + 1}`);
  return [`DELETE FROM ${table(deleteFrom)} WHERE ${conditions.join(' AND ')}`, Object.values(where)];
}
