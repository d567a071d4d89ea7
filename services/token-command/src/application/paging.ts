import { decodeCursor, encodeCursor } from '@tollgate/contracts';
import type { After } from './accounts/ports.ts';

/** Where the page starts, for lists in order of creation. */
export function pageStart(list: string, orgId: string, cursor: string | undefined): After | null {
  if (cursor === undefined) return null;
  const [createdAt, id] = decodeCursor(list, orgId, cursor, ['instant', 'string']) as [string, string];
  return { createdAt, id };
}

/** A page of at most `limit` items from `limit + 1` rows: one more row than fits means that there is a next page. */
export function pageOf<Row extends After, Item>(
  list: string,
  orgId: string,
  limit: number,
  rows: readonly Row[],
  present: (row: Row) => Item,
) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last ? encodeCursor(list, orgId, [last.createdAt, last.id]) : null;
  return { items: shown.map(present), nextCursor };
}
