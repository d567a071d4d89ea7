import { digestFromHex, digestToHex, digestWords } from './digest-words.ts';
import type { AccountTable } from './directory.ts';
import { HashIndex, hashOf, isZero } from './hash-index.ts';
import { IdTable } from './ids.ts';
import type { Interned } from './interned.ts';
import { Rows } from './rows.ts';
import type { TokenState } from './state.ts';

/** Words of a token's row after its id. Times are two words each: a 64-bit integer of milliseconds. */
const word = {
  /** Of the live secret; zeros when there is none. */
  digest: 4,
  account: 12,
  organization: 13,
  space: 14,
  team: 15,
  /** Number of the product, and below it two bits each of environment and status. */
  product: 16,
  expiry: 17,
  /** Row of the secret before, and until when it holds as well. */
  previous: 19,
  previousUntil: 20,
} as const;
const words = 18;
/** A row holds their places in these lists. */
export const environments = [null, 'live', 'test'] as const;
export const statuses = ['active', 'inactive', 'revoked'] as const;
/** The word of a former secret's row behind its digest: the row of its token. */
const ownerWord = digestWords;
const noDigest = new Int32Array(digestWords);
/** The first row of former secrets is nobody's, so that there always is one to read. */
const noFormer = 1;

/** What a digest stands for. A superseded secret was replaced by a regenerate, and stays known for ever. */
export type CredentialState = 'live' | 'superseded';

/** What a digest was found to be: numbers that are 0 or 1, and the row of a token, 0 only when there are no tokens. */
export interface Found {
  /** The token of the digest, or some other token when `known` is 0. */
  token: number;
  known: number;
  /** It is the token's newest secret. */
  current: number;
  /** It is the secret before, which holds as well until the overlap ends. */
  previous: number;
}

/** The texts that tokens name by number. */
export interface TokenNames {
  readonly accounts: AccountTable;
  readonly organizations: Interned;
  readonly spaces: Interned;
  readonly teams: Interned;
  readonly products: Interned;
}

/**
 * Tokens and the digests of their secrets. A token takes 88 bytes, 32 of them the whole SHA-256 of its secret, and 23 to 46 in the
 * two indexes; a former secret takes 36 and 11 to 23. There is nothing else of any secret.
 *
 * A digest belongs to its first token for ever. It is live while that token names it as the current one, or as the previous
 * one during an overlap; otherwise it is a tombstone, which nothing brings back.
 */
export class TokenTable {
  readonly #names: TokenNames;
  readonly #ids = new IdTable('tok_', words);
  readonly #tokens = this.#ids.rows;
  readonly #former = new Rows(digestWords + 1);
  /** Rows of tokens by their current digest, and the negative rows of former secrets by theirs. */
  readonly #byDigest = new HashIndex();
  readonly #digest = new Int32Array(digestWords);
  readonly found: Found = { token: 0, known: 0, current: 0, previous: 0 };

  constructor(names: TokenNames) {
    this.#names = names;
    this.#former.add();
  }

  get size(): number {
    return this.#tokens.size;
  }

  /**
   * Finds the token that a digest belongs to, or another one in its place. Every look-up does the same steps, one that fails among
   * them: it reads the row of a token and of a former secret, chosen by the digest and as cold as those that it has not found.
   * What counts is chosen by arithmetic, because a wrong guess of the processor can be measured.
   * `found` is the same object every time.
   */
  identify(digest: Int32Array): Found {
    const { found } = this;
    found.token = 0;
    const { size } = this.#tokens;
    if (size === 0) return found;
    const hash = hashOf(digest);
    const decoy = 1 + (((digest[0] as number) & 0x7fffffff) % size);
    const formerDecoy = 1 + (((digest[1] as number) & 0x7fffffff) % this.#former.size);
    for (let entry = this.#byDigest.first(hash); ; entry = this.#byDigest.next()) {
      const ifToken = -entry >> 31;
      const ifFormer = entry >> 31;
      const former = (-entry & ifFormer) | (formerDecoy & ~ifFormer);
      const owner = this.#former.get(former, ownerWord);
      const token = (entry & ifToken) | (owner & ifFormer) | (decoy & ~(ifToken | ifFormer));
      const known =
        (this.#tokens.holds(token, word.digest, digest) & ifToken) | (this.#former.holds(former, 0, digest) & ifFormer);
      if ((known | isZero(entry)) !== 0) {
        const previous = this.#tokens.get(token, word.previous);
        found.token = token;
        found.known = known & 1;
        found.current = known & ifToken & 1;
        found.previous = known & ifFormer & isZero(former ^ previous) & 1;
        return found;
      }
    }
  }

  /** Whether the secret before holds as well. */
  overlaps(token: number, nowMs: number): boolean {
    return nowMs < this.#milliseconds(token, word.previousUntil);
  }

  /** Half-open: at the instant of its expiry a token has expired. */
  isExpired(token: number, nowMs: number): boolean {
    return nowMs >= this.#milliseconds(token, word.expiry);
  }
  idOf(token: number): string {
    return this.#ids.idOf(token);
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
  /** Place in `environments`. */
  environmentOf(token: number): number {
    return (this.#tokens.get(token, word.product) >>> 2) & 3;
  }
  /** Place in `statuses`. */
  statusOf(token: number): number {
    return this.#tokens.get(token, word.product) & 3;
  }
  /** Unix milliseconds, Infinity for never. */
  expiryOf(token: number): number {
    return this.#time(token, word.expiry);
  }

  get(id: string): TokenState | null {
    const row = this.#ids.rowOf(id);
    return row === 0 ? null : this.#stateOf(row);
  }

  /** Sets all of a token. Digests that it had and that `state` does not name become tombstones. */
  put(id: string, state: TokenState | null): void {
    if (state === null) return;
    const { accounts, organizations, spaces, teams, products } = this.#names;
    const tokens = this.#tokens;
    const row = this.#ids.add(id);
    this.#setCurrent(row, state.digest);
    const previous = state.overlap === null ? 0 : this.#previous(row, state.overlap.digest);
    tokens.set(row, word.account, accounts.add(state.accountId));
    tokens.set(row, word.organization, organizations.add(state.orgId));
    tokens.set(row, word.space, state.spaceId === null ? 0 : spaces.add(state.spaceId));
    tokens.set(row, word.team, state.teamId === null ? 0 : teams.add(state.teamId));
    const flags = (environments.indexOf(state.environment) << 2) | statuses.indexOf(state.status);
    tokens.set(row, word.product, (products.add(state.product) << 4) | flags);
    this.#setTime(row, word.expiry, state.expiresAtMs);
    tokens.set(row, word.previous, previous);
    this.#setTime(row, word.previousUntil, previous === 0 ? 0 : (state.overlap?.untilMs ?? 0));
  }

  /** Makes a digest a tombstone of a token, unless it is known already or the token is not. */
  addSuperseded(digest: string, tokenId: string): void {
    const token = this.#ids.rowOf(tokenId);
    digestFromHex(digest, this.#digest);
    if (token !== 0 && this.#entryOf(this.#digest) === 0) this.#addFormer(token, this.#digest);
  }

  *[Symbol.iterator](): Iterator<TokenState> {
    for (let row = 1; row <= this.#tokens.size; row++) yield this.#stateOf(row);
  }

  /** Every digest with its token, superseded when the token names it neither as the current nor as the previous one. */
  *digests(): Iterable<{ digest: string; tokenId: string; state: CredentialState }> {
    for (let row = 1; row <= this.#tokens.size; row++) {
      const digest = this.#currentHex(row);
      if (digest !== '') yield { digest, tokenId: this.idOf(row), state: 'live' };
    }
    for (let row = noFormer + 1; row <= this.#former.size; row++) {
      const token = this.#former.get(row, ownerWord);
      const state = this.#tokens.get(token, word.previous) === row ? 'live' : 'superseded';
      yield { digest: this.#formerHex(row), tokenId: this.idOf(token), state };
    }
  }

  /** The row of the token whose current digest it is, the negative row of a former secret, or 0. */
  #entryOf(digest: Int32Array): number {
    for (let entry = this.#byDigest.first(hashOf(digest)); entry !== 0; entry = this.#byDigest.next()) {
      const same = entry > 0 ? this.#tokens.holds(entry, word.digest, digest) : this.#former.holds(-entry, 0, digest);
      if (same !== 0) return entry;
    }
    return 0;
  }

  /** A digest that is known already, as another token's or as a tombstone, becomes nobody's current one. */
  #setCurrent(token: number, digest: string): void {
    const before = this.#tokens.read(token, word.digest, new Int32Array(digestWords));
    const after = digest === '' ? noDigest : digestFromHex(digest, this.#digest);
    if (digest !== '' && this.#tokens.holds(token, word.digest, after) !== 0) return;
    const known = digest !== '' && this.#entryOf(after) !== 0;
    this.#tokens.write(token, word.digest, known ? noDigest : after);
    if (digest !== '' && !known) this.#byDigest.add(hashOf(after), token);
    if (before.every((part) => part === 0)) return;
    // In the place that the token had under this digest, so that a look-up need not pass by it.
    this.#byDigest.replace(hashOf(before), token, -this.#newFormer(token, before));
  }

  /** The row of the secret before, or 0 if this digest has been superseded already or is another token's. */
  #previous(token: number, digest: string): number {
    digestFromHex(digest, this.#digest);
    const known = this.#entryOf(this.#digest);
    if (known === 0) return this.#addFormer(token, this.#digest);
    const isOwn = known < 0 && this.#former.get(-known, ownerWord) === token;
    // Right before this it was the current one, and so is the newest of all former secrets; or it was the previous one already.
    const mayHold = -known === this.#former.size || -known === this.#tokens.get(token, word.previous);
    return isOwn && mayHold ? -known : 0;
  }

  #addFormer(token: number, digest: Int32Array): number {
    const row = this.#newFormer(token, digest);
    this.#byDigest.add(hashOf(digest), -row);
    return row;
  }

  #newFormer(token: number, digest: Int32Array): number {
    const row = this.#former.add();
    this.#former.write(row, 0, digest);
    this.#former.set(row, ownerWord, token);
    return row;
  }

  #stateOf(row: number): TokenState {
    const { accounts, spaces, teams, products } = this.#names;
    const [space, team] = [this.spaceOf(row), this.teamOf(row)];
    const previous = this.#tokens.get(row, word.previous);
    return {
      id: this.idOf(row),
      orgId: this.organizationOf(row),
      accountId: accounts.idOf(this.accountOf(row)),
      spaceId: space === 0 ? null : spaces.textOf(space),
      product: products.textOf(this.productOf(row)),
      environment: environments[this.environmentOf(row)] as TokenState['environment'],
      teamId: team === 0 ? null : teams.textOf(team),
      expiresAtMs: this.expiryOf(row),
      status: statuses[this.statusOf(row)] as TokenState['status'],
      digest: this.#currentHex(row),
      overlap:
        previous === 0 ? null : { digest: this.#formerHex(previous), untilMs: this.#time(row, word.previousUntil) },
    };
  }

  #currentHex(token: number): string {
    const digest = this.#tokens.read(token, word.digest, new Int32Array(digestWords));
    return digest.every((part) => part === 0) ? '' : digestToHex(digest);
  }

  #formerHex(row: number): string {
    return digestToHex(this.#former.read(row, 0, new Int32Array(digestWords)));
  }

  #time(row: number, at: number): number {
    const ms = this.#milliseconds(row, at);
    return ms < never ? ms : Infinity;
  }

  /** Beyond every date for a time that never comes. */
  #milliseconds(row: number, at: number): number {
    return this.#tokens.get(row, at) * 2 ** 32 + (this.#tokens.get(row, at + 1) >>> 0);
  }

  #setTime(row: number, at: number, ms: number): void {
    const kept = ms === Infinity ? never : ms;
    this.#tokens.set(row, at, Math.floor(kept / 2 ** 32));
    this.#tokens.set(row, at + 1, kept % 2 ** 32);
  }
}

/** How a row says that a time never comes, in milliseconds: far behind the last date that there is (8.64e15). */
const never = 0x7fffffff * 2 ** 32;
