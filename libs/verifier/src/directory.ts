import type { ProductResource, TeamPolicy } from '@tollgate/contracts';
import { IdTable } from './ids.ts';
import { Interned } from './interned.ts';
import { KeyedRows } from './rows.ts';
import { compileRoutes, type Routes } from './routes.ts';
import {
  partsOfMembershipKey,
  type AccountState,
  type MembershipState,
  type ProductState,
  type TeamState,
} from './state.ts';
import { compilePolicy, type ToolPolicy } from './tool-policy.ts';

/** Words of an account's row after its id. */
const accountWord = { flags: 4, firstMembership: 5 } as const;
const accountFlag = { known: 1, active: 2, service: 4 } as const;

/** Accounts by id. A row may be named by a token or a membership before its account is known: it is then not active. */
export class AccountTable {
  readonly #ids = new IdTable('acc_', 2);
  readonly #rows = this.#ids.rows;

  /** Rows, those of accounts that are not known yet among them. */
  get size(): number {
    return this.#rows.size;
  }

  rowOf(id: string): number {
    return this.#ids.rowOf(id);
  }

  add(id: string): number {
    return this.#ids.add(id);
  }

  idOf(row: number): string {
    return this.#ids.idOf(row);
  }

  isActive(row: number): boolean {
    return (this.#rows.get(row, accountWord.flags) & accountFlag.active) !== 0;
  }

  kindOf(row: number): AccountState['kind'] {
    return (this.#rows.get(row, accountWord.flags) & accountFlag.service) !== 0 ? 'service' : 'member';
  }

  firstMembership(row: number): number {
    return this.#rows.get(row, accountWord.firstMembership);
  }

  setFirstMembership(row: number, membership: number): void {
    this.#rows.set(row, accountWord.firstMembership, membership);
  }

  get(id: string): AccountState | null {
    const row = this.rowOf(id);
    return row === 0 ? null : this.#stateOf(row);
  }

  put(id: string, state: AccountState | null): void {
    if (state === null) return;
    const flags =
      accountFlag.known |
      (state.active ? accountFlag.active : 0) |
      (state.kind === 'service' ? accountFlag.service : 0);
    this.#rows.set(this.add(id), accountWord.flags, flags);
  }

  *[Symbol.iterator](): Iterator<AccountState> {
    for (let row = 1; row <= this.#rows.size; row++) {
      const state = this.#stateOf(row);
      if (state) yield state;
    }
  }

  #stateOf(row: number): AccountState | null {
    if ((this.#rows.get(row, accountWord.flags) & accountFlag.known) === 0) return null;
    return { id: this.idOf(row), kind: this.kindOf(row), active: this.isActive(row) };
  }
}

/** Permissions held in a space, ready to be asked. */
export interface PermissionSet {
  /** As granted, sorted. */
  readonly source: readonly string[];
  readonly all: boolean;
  /** By resource: the operations held, or all of them. */
  readonly resources: ReadonlyMap<string, ReadonlySet<string> | 'all'>;
}

export function holdsPermission({ all, resources }: PermissionSet, resource: string, operation: string): boolean {
  if (all) return true;
  const held = resources.get(resource);
  return held !== undefined && (held === 'all' || held.has(operation));
}

/** Words of a membership's row: account and space are its key. */
const membershipWord = { account: 0, space: 1, permissions: 2, next: 3 } as const;

/**
 * Memberships by account and space. Those of one account form a chain in the descending order of their spaces: ids ascend with
 * time, so a new one is mostly put in front. A removed membership keeps its row with no permissions, number 0.
 */
export class MembershipTable {
  readonly #accounts: AccountTable;
  readonly #spaces: Interned;
  readonly #rows = new KeyedRows(4);
  /** The few different sets that many memberships share. */
  readonly #sets = new Interned();
  readonly #compiled: PermissionSet[] = [compilePermissions([])];
  readonly #key = new Int32Array(2);

  constructor(accounts: AccountTable, spaces: Interned) {
    this.#accounts = accounts;
    this.#spaces = spaces;
  }

  /** What the account may do in the space; null when it is no member. */
  permissions(account: number, space: number): PermissionSet | null {
    const row = this.#find(account, space);
    const set = row === 0 ? 0 : this.#rows.get(row, membershipWord.permissions);
    return set === 0 ? null : (this.#compiled[set] as PermissionSet);
  }

  /**
   * Puts the spaces that the account is a member of into `spaces`, ascending, and returns what it may do in one of them, or null
   * when it is no member there. One walk for both, because every row may be a cache miss.
   */
  walk(account: number, space: number, spaces: string[]): PermissionSet | null {
    const rows = this.#rows;
    let found = 0;
    for (let row = this.#accounts.firstMembership(account); row !== 0; row = rows.get(row, membershipWord.next)) {
      const set = rows.get(row, membershipWord.permissions);
      if (set === 0) continue;
      const number = rows.get(row, membershipWord.space);
      if (number === space) found = set;
      spaces.push(this.#spaces.textOf(number));
    }
    reverse(spaces);
    return found === 0 ? null : (this.#compiled[found] as PermissionSet);
  }

  get(key: string): MembershipState | null {
    const { spaceId, accountId } = partsOfMembershipKey(key);
    const permissions = this.permissions(this.#accounts.rowOf(accountId), this.#spaces.numberOf(spaceId))?.source;
    return permissions ? { spaceId, accountId, permissions } : null;
  }

  put(key: string, state: MembershipState | null): void {
    const { spaceId, accountId } = partsOfMembershipKey(key);
    const account = this.#accounts.add(accountId);
    const space = this.#spaces.add(spaceId);
    const row = this.#find(account, space) || this.#insert(account, space);
    this.#rows.set(row, membershipWord.permissions, state === null ? 0 : this.#setOf(state.permissions));
  }

  *[Symbol.iterator](): Iterator<MembershipState> {
    for (let row = 1; row <= this.#rows.size; row++) {
      const set = this.#rows.get(row, membershipWord.permissions);
      if (set === 0) continue;
      const spaceId = this.#spaces.textOf(this.#rows.get(row, membershipWord.space));
      const accountId = this.#accounts.idOf(this.#rows.get(row, membershipWord.account));
      yield { spaceId, accountId, permissions: (this.#compiled[set] as PermissionSet).source };
    }
  }

  #find(account: number, space: number): number {
    this.#key[0] = account;
    this.#key[1] = space;
    return this.#rows.find(this.#key);
  }

  /** Right after `#find`, which has left the key. */
  #insert(account: number, space: number): number {
    const row = this.#rows.insert(this.#key);
    const spaceId = this.#spaces.textOf(space);
    let before = 0;
    let after = this.#accounts.firstMembership(account);
    while (after !== 0 && this.#spaces.textOf(this.#rows.get(after, membershipWord.space)) > spaceId) {
      before = after;
      after = this.#rows.get(after, membershipWord.next);
    }
    this.#rows.set(row, membershipWord.next, after);
    if (before === 0) this.#accounts.setFirstMembership(account, row);
    else this.#rows.set(before, membershipWord.next, row);
    return row;
  }

  #setOf(permissions: readonly string[]): number {
    const source = [...new Set(permissions)].sort();
    const number = this.#sets.add(source.join(' '));
    this.#compiled[number] ??= compilePermissions(source);
    return number;
  }
}

/** `Array.prototype.reverse` takes longer than all the rest of the walk. */
function reverse(texts: string[]): void {
  for (let low = 0, high = texts.length - 1; low < high; low++, high--) {
    const text = texts[low] as string;
    texts[low] = texts[high] as string;
    texts[high] = text;
  }
}

function compilePermissions(source: readonly string[]): PermissionSet {
  const resources = new Map<string, Set<string> | 'all'>();
  for (const permission of source) {
    const colon = permission.indexOf(':');
    const [resource, operation] = [permission.slice(0, colon), permission.slice(colon + 1)];
    const held = resources.get(resource);
    if (operation === '*') resources.set(resource, 'all');
    else if (held === undefined) resources.set(resource, new Set([operation]));
    else if (held !== 'all') held.add(operation);
  }
  return { source, all: source.includes('*'), resources };
}

/** A team, ready to be asked. */
export interface Team {
  readonly id: string;
  readonly source: TeamPolicy;
  readonly policy: ToolPolicy;
  readonly projects: ReadonlySet<string>;
}

/** Teams and products are few: they are objects, found by the number of their name. */
export class TeamTable {
  readonly numbers = new Interned();
  readonly #teams: (Team | undefined)[] = [];

  /** Undefined for a team that is not known. */
  byNumber(number: number): Team | undefined {
    return this.#teams[number];
  }

  get(id: string): TeamState | null {
    const team = this.byNumber(this.numbers.numberOf(id));
    return team ? { id, policy: team.source, projects: [...team.projects] } : null;
  }

  put(id: string, state: TeamState | null): void {
    if (state === null) return;
    const number = this.numbers.add(id);
    const known = this.#teams[number];
    const policy = known?.source === state.policy ? known.policy : compilePolicy(state.policy);
    this.#teams[number] = { id, source: state.policy, policy, projects: new Set(state.projects) };
  }

  *[Symbol.iterator](): Iterator<TeamState> {
    for (const team of this.#teams) if (team) yield { id: team.id, policy: team.source, projects: [...team.projects] };
  }
}

export class ProductTable {
  readonly numbers = new Interned();
  /** Of the product that a request means when it names none. */
  readonly defaultNumber = this.numbers.add('default');
  readonly #routes: (Routes | undefined)[] = [];

  byNumber(number: number): Routes | undefined {
    return this.#routes[number];
  }

  get(key: string): ProductState | null {
    const routes = this.byNumber(this.numbers.numberOf(key));
    return routes ? { key, resources: routes.source as readonly ProductResource[] } : null;
  }

  put(key: string, state: ProductState | null): void {
    if (state !== null) this.#routes[this.numbers.add(key)] = compileRoutes(state.resources);
  }

  *[Symbol.iterator](): Iterator<ProductState> {
    for (const [number, routes] of this.#routes.entries()) {
      if (routes) yield { key: this.numbers.textOf(number), resources: routes.source };
    }
  }
}
