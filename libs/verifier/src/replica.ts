import type { RecordedEvent } from '@tollgate/contracts';
import { BalanceView } from './balance-view.ts';
import { AccountTable, MembershipTable, ProductTable, TeamTable } from './directory.ts';
import { Interned } from './interned.ts';
import { readRow } from './snapshot-row.ts';
import { rowsOf, SnapshotCover, type SnapshotPage } from './snapshot.ts';
import { evolve, placeOf, type ClockState, type Kind, type States } from './state.ts';
import { TokenTable } from './token-table.ts';

/** Where the states of one kind are kept. */
interface Table<S> {
  get(key: string): S | null;
  put(key: string, state: S | null): void;
}

/**
 * All that decisions rest on, folded from the events of `main` in their order, or taken from a snapshot and folded from there.
 * It reads no clock and does no I/O. A type of event that it does not know stops it with an error.
 */
export class Replica {
  readonly logId: string;
  /** Not of the log: heard from billing-meter, and kept when the replica is built anew. */
  readonly balances: BalanceView;
  readonly accounts = new AccountTable();
  readonly spaces = new Interned();
  readonly memberships = new MembershipTable(this.accounts, this.spaces);
  readonly teams = new TeamTable();
  readonly products = new ProductTable();
  readonly tokens = new TokenTable({
    accounts: this.accounts,
    organizations: new Interned(),
    spaces: this.spaces,
    teams: this.teams.numbers,
    products: this.products.numbers,
  });
  /** How far the development clock is ahead of the wall clock, milliseconds; 0 in production. */
  clockOffsetMs = 0;
  #cover: SnapshotCover | null = null;
  #applied = 0;

  readonly #tables: { readonly [K in Kind]: Table<States[K]> } = {
    clock: {
      get: (): ClockState => ({ offsetMs: this.clockOffsetMs }),
      put: (_: string, state: ClockState | null) => void (this.clockOffsetMs = state?.offsetMs ?? 0),
    },
    product: this.products,
    team: this.teams,
    account: this.accounts,
    membership: this.memberships,
    token: this.tokens,
  };

  constructor(logId: string, balances = new BalanceView()) {
    this.logId = logId;
    this.balances = balances;
  }

  /** The position of the last event applied; 0 before the first. */
  get applied(): number {
    return this.#applied;
  }

  /** The first position at which all states are of one moment; no answer may leave before it is applied. */
  get consistentFrom(): number {
    return this.#cover?.end ?? 0;
  }

  /**
   * Takes the next page of a snapshot. Only into a replica that has applied no event; afterwards the feed goes on behind
   * `applied`. Throws a RangeError for a page of another log.
   */
  load(page: SnapshotPage): void {
    if (page.logId !== this.logId) throw new RangeError(`The snapshot is of the log ${page.logId}, not ${this.logId}.`);
    this.#cover ??= new SnapshotCover();
    this.#cover.add(page);
    this.#applied = this.#cover.begin;
    for (const { kind, key, text } of rowsOf(page)) {
      if (kind === 'superseded') this.tokens.addSuperseded(key, text);
      else this.#tableOf(kind).put(key, readRow(kind, key, text));
    }
  }

  /**
   * Applies the next event of the log. A position already applied is ignored; a hole throws a RangeError, and so does
   * an unknown type of event.
   */
  apply(event: RecordedEvent): void {
    if (event.position <= this.#applied) return;
    if (event.position !== this.#applied + 1) {
      throw new RangeError(
        `The replica is at ${this.#applied} and cannot apply position ${event.position} before those between.`,
      );
    }
    const place = placeOf(event);
    if (place && !this.#cover?.holds(place, event.position)) {
      const table = this.#tableOf(place.kind);
      table.put(place.key, evolve(place.kind, table.get(place.key), event));
    }
    this.#applied = event.position;
    if (this.#cover && event.position >= this.#cover.end) this.#cover = null;
  }

  #tableOf(kind: Kind): Table<States[Kind]> {
    return this.#tables[kind] as Table<States[Kind]>;
  }
}
