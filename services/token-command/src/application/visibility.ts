import type { CallContext } from '@tollgate/bus';
import { TollgateError } from '@tollgate/contracts';
import type { TokenState } from '../domain/token.ts';

/** What belongs to another organization is not there for the caller: the same NOT_FOUND as for what never existed. */
export function ofThisOrganization(
  orgId: string,
  kind: 'account' | 'space' | 'team' | 'token' | 'agent',
): (state: { status: string; orgId?: string }) => void {
  return (state) => {
    if (state.status !== 'none' && state.orgId === orgId) return;
    throw new TollgateError(
      'NOT_FOUND',
      `There is no such ${kind} in this organization. List them with GET /v1/orgs/:org/${kind}s.`,
    );
  };
}

/** The account whose tokens alone a member may see; null for callers who see all. */
export function ownOnly({ principal }: Pick<CallContext, 'principal'>): string | null {
  return principal?.type === 'account' && principal.role === 'member' ? principal.id : null;
}

/** A token of this organization, and for a member one of its own account; every other is not there, as in `ofThisOrganization`. */
export function tokenFor(call: Pick<CallContext, 'principal'>, orgId: string): (state: TokenState) => void {
  const own = ownOnly(call);
  const check = ofThisOrganization(orgId, 'token');
  return (state) => {
    const ofAnother = own !== null && state.status !== 'none' && state.accountId !== own;
    check(ofAnother ? { status: 'none' } : state);
  };
}

/** Refuses tokens that belong to no managed agent: there is no agent of that id. */
export function ofAnAgent(state: TokenState): void {
  if (state.status !== 'none' && state.agent !== null) return;
  throw new TollgateError(
    'NOT_FOUND',
    'There is no such agent in this organization. List them with GET /v1/orgs/:org/agents.',
  );
}
