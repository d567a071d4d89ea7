import { rowKinds, type RowKind } from './snapshot-row.ts';
import type { Place } from './state.ts';

/** A page of a snapshot (operation `replica.snapshot`): the rows after a cursor, as they were at one position of the log. */
export interface SnapshotPage {
  readonly logId: string;
  /** Every row holds all events up to here, and none after. */
  readonly position: number;
  /** `<kind> <key> <row>`, separated by semicolons, ascending by kind and key; the kind is its place in `rowKinds`. */
  readonly rows: string;
  /** Where the next page begins; null after the last one. */
  readonly next: { readonly kind: number; readonly key: string } | null;
}

/**
 * Which events are in the rows of a snapshot already. Its pages were read at different positions, because a change between two
 * pages must not hold anybody up. The feed then starts at the first of these positions, and this makes each state right:
 *
 * - a row is the fold of the events of its state up to the position of its page;
 * - pages cover all keys without a gap, so a state without a row had no events up to the position of the page where it would stand;
 * - an event changes one state, and is applied if and only if its position lies behind that state's page.
 *
 * So once the feed has passed the last page's position, every state has had each of its events once and in order, as
 * after a replay from the first event. Before that, states of different positions stand side by side, and no answer may
 * leave: the lease begins after `end`.
 *
 * Superseded digests are rows of their own behind the tokens. They are only ever added, and what the rows lack, because a
 * token gave it up behind its own page, its events bring.
 */
export class SnapshotCover {
  readonly #pages: { readonly kind: number; readonly key: string; readonly position: number }[] = [];
  #begin = Infinity;
  #end = 0;

  /** The feed must start here: the lowest position of a page. */
  get begin(): number {
    return this.#begin;
  }

  /** From this position on all states are of one moment. */
  get end(): number {
    return this.#end;
  }

  add({ position, next }: Pick<SnapshotPage, 'position' | 'next'>): void {
    this.#pages.push({ kind: next?.kind ?? rowKinds.length, key: next?.key ?? '', position });
    this.#begin = Math.min(this.#begin, position);
    this.#end = Math.max(this.#end, position);
  }

  /** Whether the rows hold the event at this position already. */
  holds({ kind, key }: Place, position: number): boolean {
    return position <= this.#pageOf(rowKinds.indexOf(kind), key);
  }

  /** The position of the page where a row with this key stands or would stand: the first that ends at the key or behind it. */
  #pageOf(kind: number, key: string): number {
    let [low, high] = [0, this.#pages.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const page = this.#pages[middle] as { kind: number; key: string };
      if (page.kind > kind || (page.kind === kind && page.key >= key)) high = middle;
      else low = middle + 1;
    }
    return this.#pages[low]?.position ?? 0;
  }
}

/** The rows of a page. */
export function* rowsOf({ rows }: Pick<SnapshotPage, 'rows'>): Iterable<{ kind: RowKind; key: string; text: string }> {
  if (rows === '') return;
  for (const line of rows.split(';')) {
    const end = line.indexOf(' ', 2);
    const kind = rowKinds[line.charCodeAt(0) - 48];
    if (kind === undefined || line[1] !== ' ' || end < 0) throw new RangeError('A row of the snapshot cannot be read.');
    yield { kind, key: line.slice(2, end), text: line.slice(end + 1) };
  }
}
