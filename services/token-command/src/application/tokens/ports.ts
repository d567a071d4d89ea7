import type { AccountKind, Environment, ScopeType, TokenScope, TokenStatus } from '@tollgate/contracts';
import type { TokenSurroundings } from '../ports.ts';

/** One token of the read model, as the list shows it; the status before expiry is looked at. */
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'inactive' | 'revoked';
  readonly accountId: string;
  readonly accountKind: AccountKind;
  readonly accountName: string | null;
  readonly scope: TokenScope;
  readonly product: string;
  readonly environment: Environment | null;
  readonly teamId: string | null;
  readonly managed: boolean;
  readonly billable: boolean;
  readonly prefix: string;
  readonly hint: string;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly usageCount: number;
  readonly lastUsedAt: string | null;
  readonly version: number;
}

export interface TokenQuery {
  readonly orgId: string;
  readonly status?: TokenStatus | undefined;
  readonly search?: string | undefined;
  readonly accountId?: string | undefined;
  readonly scope?: ScopeType | undefined;
  readonly product?: string | undefined;
  readonly sort: 'createdAt' | 'name';
  readonly descending: boolean;
  /** Sort value and id of the last item of the page before. */
  readonly after: readonly [string, string] | null;
  readonly limit: number;
  /** Authority time: what has expired by then is expired. */
  readonly now: string;
}

export interface TokenList {
  find(query: TokenQuery): Promise<readonly TokenRow[]>;
  /** Tokens of an account that are neither revoked nor expired. */
  liveOf(
    orgId: string,
    accountId: string,
    now: string,
  ): Promise<readonly { id: string; name: string; status: string }[]>;
  /** What stands beside a token: its account's kind and name, and its usage. */
  surroundings(tokenId: string, accountId: string): Promise<TokenSurroundings>;
}
