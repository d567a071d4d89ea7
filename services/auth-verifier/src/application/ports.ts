import type { OutputOf, tokensDescribe } from '@tollgate/contracts';

export type TokenDescription = OutputOf<typeof tokensDescribe>;

/** Who tokens are, beyond what decisions need. */
export interface TokenDirectory {
  /** Rejects when token-command cannot be reached. */
  describe(orgId: string, tokenId: string): Promise<TokenDescription>;
}
