import type { Bus } from '@tollgate/bus';
import { tokensDescribe } from '@tollgate/contracts';
import type { TokenDescription, TokenDirectory } from '../application/ports.ts';

/** Asks token-command. */
export class BusTokenDirectory implements TokenDirectory {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  describe(orgId: string, tokenId: string): Promise<TokenDescription> {
    return this.#bus.call(tokensDescribe, { org: orgId, tok: tokenId }, { timeoutMs: 2000 });
  }
}
