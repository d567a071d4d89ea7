import type { Agent } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { theToken, type TokenState } from '../../domain/token.ts';
import type { AgentRow } from '../tokens/ports.ts';
import { statusAt } from '../tokens/present.ts';

/** An agent as its token's stream says it is. */
export function presentAgent({ state, version }: Folded<TokenState>, now: string): Agent {
  const { agent, id: tokenId, orgId, ...facts } = theToken(state);
  if (agent === null) throw new Error(`the token ${tokenId} has no agent`);
  const { accountId, scope, teamId, billable, status, expiresAt, createdAt } = facts;
  return presentAgentRow(
    orgId,
    { ...agent, tokenId, accountId, scope, teamId, billable, status, expiresAt, createdAt, version },
    now,
  );
}

export function presentAgentRow(orgId: string, { expiresAt, ...row }: AgentRow, now: string): Agent {
  const status = statusAt({ status: row.status, expiresAt }, now);
  return { ...row, orgId, status: status === 'revoked' ? 'retired' : status };
}
