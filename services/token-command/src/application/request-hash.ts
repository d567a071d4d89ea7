import { createHmac, hkdfSync } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * What is kept of a request under its `Idempotency-Key`, to tell a repetition from another request. Keyed: inputs hold names,
 * and whoever has a dump, but not the key, must not be able to try names out after an erasure.
 */
export class RequestHash {
  readonly #key: Uint8Array;

  /** @param masterKey at least 32 characters that no dump of the database holds */
  constructor(masterKey: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'tollgate idempotency request', 32));
  }

  /** Of the whole validated input. */
  of(input: unknown): string {
    return createHmac('sha256', this.#key)
      .update(canonicalize(input) ?? '')
      .digest('hex');
  }
}
