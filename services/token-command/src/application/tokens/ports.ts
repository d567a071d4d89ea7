import type { AccountKind, Environment, ScopeType, TokenScope, TokenStatus } from '@tollgate/contracts';
import type { Overlap } from '../../domain/token.ts';
import type { After } from '../accounts/ports.ts';
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
  readonly agentId: string | null;
  /** As the last regeneration left it; its time may be up. */
  readonly overlap: Overlap | null;
  readonly billable: boolean;
  readonly prefix: string;
  readonly hint: string;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly usageCount: number;
  readonly lastUsedAt: string | null;
  /** Of the secret before, during an overlap. */
  readonly previousUsedAt: string | null;
  readonly version: number;
}

export interface TokenQuery {
  readonly orgId: string;
  readonly status?: TokenStatus | undefined;
  readonly search?: string | undefined;
  readonly accountId?: string | undefined;
  readonly scope?: ScopeType | undefined;
  readonly product?: string | undefined;
  /** Not used since then, and created before. */
  readonly unusedSince?: string | undefined;
  /** Neither revoked nor expired. */
  readonly live?: boolean;
  /** Created before this instant. */
  readonly createdBefore?: string | undefined;
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
  /** What stands beside tokens, by token id: the account's kind and name, and the usage. */
  surroundings(
    tokens: readonly { id: string; orgId: string; accountId: string }[],
  ): Promise<ReadonlyMap<string, TokenSurroundings>>;
  /** Which of these digests belong to a token: of any organization, live or not. */
  digestsInUse(digests: readonly string[]): Promise<readonly string[]>;
  /** The token and organization that a digest belongs to. */
  findByDigest(digest: string): Promise<{ readonly orgId: string; readonly id: string } | null>;
  agents(orgId: string, after: After | null, limit: number): Promise<readonly AgentRow[]>;
}

/** A managed agent of the read model. */
export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly tokenId: string;
  readonly accountId: string;
  readonly scope: TokenScope;
  readonly teamId: string | null;
  readonly billable: boolean;
  readonly publicKey: string | null;
  readonly status: 'active' | 'inactive' | 'revoked';
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly version: number;
}
