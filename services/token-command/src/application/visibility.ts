import type { CallContext } from '@tollgate/bus';
import { TollgateError } from '@tollgate/contracts';

/** What belongs to another organization is not there for the caller: the same NOT_FOUND as for what never existed. */
export function ofThisOrganization(
  orgId: string,
  kind: 'account' | 'space' | 'token',
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
