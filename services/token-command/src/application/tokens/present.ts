import { Inject, Injectable } from '@nestjs/common';
import type { Token, TokenStatus } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { isExpired, theToken, type TokenState } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { TOKEN_LIST } from '../ports.ts';
import type { TokenList, TokenRow } from './ports.ts';

/** Revoked stays revoked; else from its expiry on a token is expired, whether or not anything happened then. */
export function statusAt(
  token: { status: 'active' | 'inactive' | 'revoked'; expiresAt: string | null },
  now: string,
): TokenStatus {
  return token.status !== 'revoked' && isExpired(token, now) ? 'expired' : token.status;
}

/** A row of the list as the contract shows it. */
export function presentRow(orgId: string, row: TokenRow, now: string): Token {
  const { accountId, accountKind, accountName, billable, ...token } = row;
  return {
    ...token,
    orgId,
    status: statusAt(row, now),
    account: { id: accountId, kind: accountKind, name: accountName },
    seat: { billable, since: row.createdAt },
  };
}

/** Shows a token as its stream says it is at this moment, with what stands beside it. */
@Injectable()
export class TokenPresenter {
  constructor(
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    private readonly clock: AuthorityClock,
  ) {}

  async present({ state, version }: Folded<TokenState>): Promise<Token> {
    const token = theToken(state);
    const { account, usageCount, lastUsedAt } = await this.list.surroundings(token.id, token.accountId);
    const { digest: _, ...facts } = token;
    const row = { ...facts, accountKind: account.kind, accountName: account.name, usageCount, lastUsedAt, version };
    const { orgId, ...shown } = row;
    return presentRow(orgId, shown, this.clock.now());
  }
}
