import type { ClientBase } from '@tollgate/event-log';
import type { EntryFilter } from '../application/ports.ts';
import { blockSize, termOf, type TermField } from '../domain/terms.ts';

export interface Page {
  /** Of the entries in question. */
  readonly begin?: number;
  /** The one before which they end. */
  readonly end?: number;
  readonly limit: number;
  readonly order: 'ASC' | 'DESC';
}

/** Adds a value to those of a statement, and gives the name that it has there. */
type Value = (given: unknown) => string;

/** Conditions of a statement, each with its AND. */
export interface Bounds {
  readonly count: number;
  ofIndex(index: string): string;
  /** Those of the blocks in which such indexes lie. */
  ofBlock(block: string): string;
}

/** Times never fall as indexes rise, so a time is a bound of the index, by which the list is ordered. */
export function boundsOf({ from, to }: EntryFilter, { begin, end }: Page, value: Value): Bounds {
  const firstAt = (time: string) =>
    `coalesce((SELECT index FROM audit.entries WHERE org_id = $1 AND at >= ${value(time)}::timestamptz ORDER BY at, index LIMIT 1), ${2 ** 53})`;
  const begins: string[] = [];
  const ends: string[] = [];
  if (begin !== undefined) begins.push(`${value(begin)}::bigint`);
  if (end !== undefined) ends.push(`${value(end)}::bigint`);
  if (from !== undefined) begins.push(firstAt(from));
  if (to !== undefined) ends.push(firstAt(to));
  const and = (conditions: string[]) => conditions.map((condition) => ` AND ${condition}`).join('');
  return {
    count: begins.length + ends.length,
    ofIndex: (index) =>
      and([...begins.map((each) => `${index} >= ${each}`), ...ends.map((each) => `${index} < ${each}`)]),
    ofBlock: (block) =>
      and([
        ...begins.map((each) => `${block} >= ${each} / ${blockSize}`),
        ...ends.map((each) => `${block} <= ${each} / ${blockSize}`),
      ]),
  };
}

/** One of some terms, or any with a beginning that more of them have. */
interface Wanted {
  readonly anyOf?: readonly string[];
  readonly beginning?: string;
}

/** Of a beginning, as many terms are told apart. The actions of this log that begin alike are fewer, the words may be many. */
const anyOfMax = 16;

/**
 * What an entry must have. Says which terms a beginning stands for, as long as they are few: the rows of a term are in the order of
 * their blocks, and so are those of some terms that are merged, so that a page reads as far as it shows.
 * @returns with none in `anyOf` where no entry is found
 */
export async function wantedTerms(tx: ClientBase, orgId: string, filter: EntryFilter): Promise<Wanted[]> {
  const { namespace, action, actor, outcome, spaceId, target, words } = filter;
  const wanted: Wanted[] = [];
  const whole = (field: TermField, text: string) => void wanted.push({ anyOf: [termOf(field, text)] });
  const beginning = async (field: TermField, text: string) => {
    const anyOf = await termsBeginning(tx, orgId, termOf(field, text));
    wanted.push(anyOf.length > anyOfMax ? { beginning: termOf(field, text) } : { anyOf });
  };
  if (target !== undefined) whole('target', target);
  if (actor !== undefined) whole('actor', actor);
  if (spaceId !== undefined) whole('space', spaceId);
  if (outcome !== undefined) whole('outcome', outcome);
  if (namespace !== undefined) whole('namespace', namespace);
  if (action !== undefined) await beginning('action', action);
  for (const word of words ?? []) await (word.beginning ? beginning : whole)('word', word.text);
  // A text of signs alone holds no word, and nothing is found by it.
  if (words?.length === 0) wanted.push({ anyOf: [] });
  return wanted;
}

/** From one term to the next, whatever number of rows they have. One more than the maximum says that there are more. */
async function termsBeginning(tx: ClientBase, orgId: string, beginning: string): Promise<string[]> {
  const next = (after: string) =>
    `SELECT term FROM audit.entry_terms WHERE org_id = $1 AND ${after} AND term < $3 ORDER BY term LIMIT 1`;
  const { rows } = await tx.query<{ term: string }>(
    `WITH RECURSIVE found AS (
       (${next('term >= $2')})
       UNION ALL SELECT (${next('term > found.term')}) FROM found WHERE found.term IS NOT NULL
     ) SELECT term FROM found WHERE term IS NOT NULL LIMIT $4`,
    [orgId, beginning, afterAll(beginning), anyOfMax + 1],
  );
  return rows.map(({ term }) => term);
}

/** In the order of bytes, all texts of one beginning stand between it and it with the last character there is. */
const afterAll = (beginning: string) => `${beginning}\u{10ffff}`;

/**
 * The indexes of the entries that have all of these terms, in order. As many blocks are taken as entries are shown, and one more for
 * each bound: every other one has an entry to show.
 */
export function foundByTerms(all: readonly Wanted[], bounds: Bounds, { limit, order }: Page, value: Value): string {
  const rows = (which: string) =>
    `SELECT block, bits FROM audit.entry_terms WHERE org_id = $1 AND ${which}${bounds.ofBlock('block')}`;
  const merged = (source: string) =>
    `SELECT block, bit_or(bits) AS bits FROM (${source}) AS any_of GROUP BY block ORDER BY block ${order}`;
  const sources = all.map(({ anyOf = [], beginning }) => {
    if (beginning !== undefined)
      return merged(rows(`term >= ${value(beginning)} AND term < ${value(afterAll(beginning))}`));
    const each = anyOf.map((term) => rows(`term = ${value(term)}`));
    return each.length === 1 ? each[0]! : merged(each.join(' UNION ALL '));
  });
  const joined = sources
    .map((source, at) => `(${source}) AS term${at}${at === 0 ? '' : ' USING (block)'}`)
    .join(' JOIN ');
  const common = sources.map((_, at) => `term${at}.bits`).join(' & ');
  const index = `block * ${blockSize} + bit`;
  return `
    SELECT ${index} AS index
      FROM (SELECT block, ${common} AS bits FROM ${joined}
             WHERE ${common} <> 0 ORDER BY block ${order} LIMIT ${value(limit + bounds.count)}) AS blocks,
           generate_series(0, ${blockSize - 1}) AS bit
     WHERE (bits >> bit) & 1 = 1${bounds.ofIndex(`(${index})`)}
     ORDER BY index ${order} LIMIT ${value(limit)}`;
}
