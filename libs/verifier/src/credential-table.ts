import type { TokenRecord } from './replica.ts';

/**
 * What a digest stands for. `superseded` (replaced by a regenerate) and `revoked` are tombstones: final, and kept so
 * that neither a late fill nor a repeated event brings the secret back.
 */
export type CredentialState = 'live' | 'superseded' | 'revoked';

export interface Credential {
  readonly token: TokenRecord;
  readonly state: CredentialState;
}

/** Credentials by the digest of their secret (SHA-256, 64 lower-case hex digits). */
export interface CredentialTable extends Iterable<readonly [digest: string, credential: Credential]> {
  readonly size: number;
  find(digest: string): Credential | undefined;
  /** Makes a digest live. Returns false and changes nothing when it is known already, above all when it is a tombstone. */
  add(digest: string, token: TokenRecord): boolean;
  /** Makes a digest a tombstone, known before or not. The first tombstone stays. */
  entomb(digest: string, token: TokenRecord, state: Exclude<CredentialState, 'live'>): void;
}

/** The table as a plain Map: quick to look up, about 250 bytes for each credential. */
export class MapCredentialTable implements CredentialTable {
  readonly #credentials = new Map<string, Credential>();

  get size(): number {
    return this.#credentials.size;
  }

  find(digest: string): Credential | undefined {
    return this.#credentials.get(digest);
  }

  add(digest: string, token: TokenRecord): boolean {
    if (this.#credentials.has(digest)) return false;
    this.#credentials.set(digest, { token, state: 'live' });
    return true;
  }

  entomb(digest: string, token: TokenRecord, state: Exclude<CredentialState, 'live'>): void {
    const known = this.#credentials.get(digest);
    if (known && known.state !== 'live') return;
    this.#credentials.set(digest, { token, state });
  }

  [Symbol.iterator](): IterableIterator<[string, Credential]> {
    return this.#credentials.entries();
  }
}
