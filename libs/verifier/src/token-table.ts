import { digestFromHex, digestToHex, digestWords } from './digest-words.ts';
import type { AccountTable } from './directory.ts';
import { IdTable } from './ids.ts';
import type { Interned } from './interned.ts';
import { RecordTable } from './record-table.ts';
import type { TokenState } from './state.ts';

/** Words of a token's row after its id. Times are two words each: a 64-bit integer of milliseconds. */
const word = {
  account: 4,
  organization: 5,
  space: 6,
  team: 7,
  /** Number of the product, and below it two bits each of environment and status. */
  product: 8,
  expiry: 9,
  current: 11,
  previous: 12,
  previousUntil: 13,
} as const;
const words = 11;
const environments = [null, 'live', 'test'] as const;
const statuses = ['active', 'inactive', 'revoked'] as const;
/** The word of a credential's row behind its digest: the row of its token. */
const tokenWord = digestWords;

/** What a digest stands for. A superseded secret was replaced by a regenerate, and stays known for ever. */
export type CredentialState = 'live' | 'superseded';

/** The texts that tokens name by number. */
export interface TokenNames {
  readonly accounts: AccountTable;
  readonly organizations: Interned;
  readonly spaces: Interned;
  readonly teams: Interned;
  readonly products: Interned;
}

/**
 * Tokens and the digests of their secrets. A token takes 60 bytes and a digest 36, and each 11 to 23 for its index: about
 * 130 in all. Of a secret there is the SHA-256 digest alone, all 32 bytes of it.
 *
 * A digest belongs to its first token for ever. It is live while that token names it as the current one, or as the previous
 * one during an overlap; otherwise it is a tombstone, which nothing brings back.
 */
export class TokenTable {
  readonly #names: TokenNames;
  readonly #tokens = new IdTable('tok_', words);
  readonly #credentials = new RecordTable({ keyWords: digestWords, words: digestWords + 1 });
  readonly #digest = new Int32Array(digestWords);

  constructor(names: TokenNames) {
    this.#names = names;
  }

  get size(): number {
    return this.#tokens.size;
  }

  /** Digests, tombstones among them. */
  get credentials(): number {
    return this.#credentials.size;
  }

  /** The row of the credential with this digest, or the negative number of another one: see `RecordTable.findOrDecoy`. */
  credentialOf(digest: Int32Array): number {
    return this.#credentials.findOrDecoy(digest);
  }

  /** The row of a credential's token. */
  tokenOf(credential: number): number {
    return this.#credentials.get(credential, tokenWord);
  }

  /** Whether it is the token's newest credential, not the one before it. */
  isCurrent(credential: number, token: number): boolean {
    return credential === this.#tokens.get(token, word.current);
  }

  isLive(credential: number, token: number, nowMs: number): boolean {
    const overlaps = nowMs < this.#time(token, word.previousUntil);
    return this.isCurrent(credential, token) || (overlaps && credential === this.#tokens.get(token, word.previous));
  }

  idOf(token: number): string {
    return this.#tokens.idOf(token);
  }
  organizationOf(token: number): string {
    return this.#names.organizations.textOf(this.#tokens.get(token, word.organization));
  }
  /** Row of the account. */
  accountOf(token: number): number {
    return this.#tokens.get(token, word.account);
  }
  /** Number of the space of a single-space token, 0 for multi-space. */
  spaceOf(token: number): number {
    return this.#tokens.get(token, word.space);
  }
  /** Number of the team, or 0. */
  teamOf(token: number): number {
    return this.#tokens.get(token, word.team);
  }
  /** Number of the product. */
  productOf(token: number): number {
    return this.#tokens.get(token, word.product) >>> 4;
  }
  environmentOf(token: number): TokenState['environment'] {
    return environments[(this.#tokens.get(token, word.product) >>> 2) & 3] as TokenState['environment'];
  }
  statusOf(token: number): TokenState['status'] {
    return statuses[this.#tokens.get(token, word.product) & 3] as TokenState['status'];
  }
  /** Unix milliseconds, Infinity for never. */
  expiryOf(token: number): number {
    return this.#time(token, word.expiry);
  }

  get(id: string): TokenState | null {
    const row = this.#tokens.rowOf(id);
    return row === 0 ? null : this.#stateOf(row);
  }

  /** Sets all of a token. Digests that it had and that `state` does not name become tombstones. */
  put(id: string, state: TokenState | null): void {
    if (state === null) return;
    const { accounts, organizations, spaces, teams, products } = this.#names;
    const tokens = this.#tokens;
    const row = tokens.add(id);
    const current = this.#hold(row, state.digest);
    const previous = this.#hold(row, state.overlap?.digest ?? '');
    tokens.set(row, word.account, accounts.add(state.accountId));
    tokens.set(row, word.organization, organizations.add(state.orgId));
    tokens.set(row, word.space, state.spaceId === null ? 0 : spaces.add(state.spaceId));
    tokens.set(row, word.team, state.teamId === null ? 0 : teams.add(state.teamId));
    const flags = (environments.indexOf(state.environment) << 2) | statuses.indexOf(state.status);
    tokens.set(row, word.product, (products.add(state.product) << 4) | flags);
    this.#setTime(row, word.expiry, state.expiresAtMs);
    tokens.set(row, word.current, current);
    tokens.set(row, word.previous, previous);
    this.#setTime(row, word.previousUntil, previous === 0 ? 0 : (state.overlap?.untilMs ?? 0));
  }

  /** Makes a digest a tombstone of a token, unless it is known already or the token is not. */
  addSuperseded(digest: string, tokenId: string): void {
    const token = this.#tokens.rowOf(tokenId);
    digestFromHex(digest, this.#digest);
    if (token === 0 || this.#credentials.find(this.#digest) !== 0) return;
    this.#credentials.set(this.#credentials.insert(this.#digest), tokenWord, token);
  }

  *[Symbol.iterator](): Iterator<TokenState> {
    for (let row = 1; row <= this.#tokens.size; row++) yield this.#stateOf(row);
  }

  /** Every digest with its token, superseded when the token names it neither as the current nor as the previous one. */
  *digests(): Iterable<{ digest: string; tokenId: string; state: CredentialState }> {
    for (let row = 1; row <= this.#credentials.size; row++) {
      const token = this.tokenOf(row);
      const live = [this.#tokens.get(token, word.current), this.#tokens.get(token, word.previous)].includes(row);
      yield { digest: this.#hexOf(row), tokenId: this.idOf(token), state: live ? 'live' : 'superseded' };
    }
  }

  /**
   * The row of a digest that a token may use: new, or used by it already. 0 for '', for another token's digest and for a
   * tombstone.
   */
  #hold(token: number, digest: string): number {
    if (digest === '') return 0;
    digestFromHex(digest, this.#digest);
    const known = this.#credentials.find(this.#digest);
    if (known === 0) {
      const added = this.#credentials.insert(this.#digest);
      this.#credentials.set(added, tokenWord, token);
      return added;
    }
    const inUse = known === this.#tokens.get(token, word.current) || known === this.#tokens.get(token, word.previous);
    return inUse ? known : 0;
  }

  #stateOf(row: number): TokenState {
    const { accounts, spaces, teams, products } = this.#names;
    const [space, team] = [this.spaceOf(row), this.teamOf(row)];
    const [current, previous] = [this.#tokens.get(row, word.current), this.#tokens.get(row, word.previous)];
    return {
      id: this.idOf(row),
      orgId: this.organizationOf(row),
      accountId: accounts.idOf(this.accountOf(row)),
      spaceId: space === 0 ? null : spaces.textOf(space),
      product: products.textOf(this.productOf(row)),
      environment: this.environmentOf(row),
      teamId: team === 0 ? null : teams.textOf(team),
      expiresAtMs: this.expiryOf(row),
      status: this.statusOf(row),
      digest: current === 0 ? '' : this.#hexOf(current),
      overlap: previous === 0 ? null : { digest: this.#hexOf(previous), untilMs: this.#time(row, word.previousUntil) },
    };
  }

  #hexOf(credential: number): string {
    return digestToHex(this.#credentials.key(credential, new Int32Array(digestWords)));
  }

  #time(row: number, at: number): number {
    const high = this.#tokens.get(row, at);
    return high === never ? Infinity : high * 2 ** 32 + (this.#tokens.get(row, at + 1) >>> 0);
  }

  #setTime(row: number, at: number, ms: number): void {
    this.#tokens.set(row, at, ms === Infinity ? never : Math.floor(ms / 2 ** 32));
    this.#tokens.set(row, at + 1, ms === Infinity ? 0 : ms % 2 ** 32);
  }
}

/** The upper half of a time that never comes. */
const never = 0x7fffffff;
