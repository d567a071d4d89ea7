import { Inject, Injectable } from '@nestjs/common';
import type { Token, TokenStatus } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { isExpired, runningOverlap, theToken, type TokenState } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { erasedName } from '../erased.ts';
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
  const overlap = runningOverlap(row, now);
  return {
    id: row.id,
    orgId,
    name: row.name,
    status: statusAt(row, now),
    account: { id: row.accountId, kind: row.accountKind, name: row.accountName ?? erasedName },
    scope: row.scope,
    product: row.product,
    environment: row.environment,
    teamId: row.teamId,
    managed: row.managed,
    agentId: row.agentId,
    prefix: row.prefix,
    hint: row.hint,
    overlap: overlap && { hint: overlap.hint, until: overlap.until, lastUsedAt: row.previousUsedAt },
    expiresAt: row.expiresAt,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    lastUsedAt: row.lastUsedAt,
    usageCount: row.usageCount,
    version: row.version,
    seat: { billable: row.billable, since: row.createdAt },
  };
}

/** The secret of a change, or in the replay of an `Idempotency-Key` the sentence that it was shown. */
export function shownOnce({ replayed }: { replayed: boolean }, secret: string | null) {
  return replayed ? { secret: null, secretAlreadyShown: true as const } : { secret };
}

/** Shows a token as its stream says it is at this moment, with what stands beside it. */
@Injectable()
export class TokenPresenter {
  constructor(
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    private readonly clock: AuthorityClock,
  ) {}

  async present(folded: Folded<TokenState>): Promise<Token> {
    return (await this.presentAll([folded]))[0] as Token;
  }

  /** Tokens of one organization or several, in the order given. */
  async presentAll(all: readonly Folded<TokenState>[]): Promise<Token[]> {
    const now = this.clock.now();
    const tokens = all.map(({ state, version }) => ({ ...theToken(state), version }));
    const beside = await this.list.surroundings(tokens);
    return tokens.map(({ digest: _, agent, orgId, ...facts }) => {
      const { account, ...usage } = beside.get(facts.id)!;
      const row = {
        ...facts,
        ...usage,
        agentId: agent?.id ?? null,
        accountKind: account.kind,
        accountName: account.name,
      };
      return presentRow(orgId, row, now);
    });
  }
}
