import { TollgateError, type Decision, type DecisionReason, type VerifyRequest } from '@tollgate/contracts';
import { digestSecret, parseSecret } from '@tollgate/credential';
import type { AccountRecord, Replica, TokenRecord } from './replica.ts';

/** A decision without what only the answering process knows: its id, the position and the lease. */
export type DecisionCore = Omit<Decision, 'decisionId' | 'position' | 'leaseRemainingMs'>;

const missing: DecisionCore = Object.freeze({ valid: false, code: 'TOKEN_MISSING' });

/**
 * Does this token hold, for what is asked? A pure function of the replica, the request and the authority's time in Unix
 * milliseconds. The first check that fails names the decision; the order is part of the contract.
 *
 * Throws INVALID_INPUT when the request asks for half an operation or names it twice, and SPACE_REQUIRED when a multi-space
 * token is asked about a resource without a space.
 */
export function decide(replica: Replica, request: VerifyRequest, nowMs: number): DecisionCore {
  requireWholeWish(request);
  const secret = request.token;
  if (secret === undefined || secret === '') return missing;
  if (parseSecret(secret).kind === 'malformed') return invalid('malformed');

  const credential = replica.credentials.find(digestSecret(secret));
  if (credential === undefined) return invalid('unknown');
  const { token } = credential;
  if (credential.state !== 'live') return invalid(credential.state, token);
  // Half-open: at the instant of its expiry a token has expired.
  if (nowMs >= token.expiresAtMs) return invalid('expired', token);
  if (token.status !== 'active') return invalid(token.status, token);
  const account = replica.accounts.get(token.accountId);
  if (account === undefined || !account.active) return invalid('account-deactivated', token);
  // A token of a product without environments counts as live.
  if ((request.environment ?? 'live') !== (token.environment ?? 'live')) return invalid('environment', token);
  if ((request.product ?? 'default') !== token.product) return invalid('product', token);

  return decideReach(replica, request, token, account);
}

/** What an identified, living token may do: its spaces, the account's permissions there, its team, its balance. */
function decideReach(
  replica: Replica,
  request: VerifyRequest,
  token: TokenRecord,
  account: AccountRecord,
): DecisionCore {
  const space = request.space ?? token.spaceId;
  const asksOperation = request.resource !== undefined || request.path !== undefined;
  if (space === null) {
    if (asksOperation) {
      throw new TollgateError(
        'SPACE_REQUIRED',
        'This token reaches several spaces: name the one this call is for in `space`.',
        [{ path: 'space', message: 'is needed for a multi-space token' }],
      );
    }
  } else {
    const outside = token.spaceId !== null && token.spaceId !== space;
    const permissions = outside ? undefined : account.memberships.get(space);
    if (permissions === undefined) return denied('SCOPE_DENIED', 'space', token, account);
    if (asksOperation && !holds(permissions, replica, request, token)) {
      return denied('PERMISSION_DENIED', 'permission', token, account);
    }
  }
  // Without a team no project is reachable. A team's policy is not known here, so all that it would be asked about is refused.
  if (request.project !== undefined) return denied('POLICY_DENIED', 'project', token, account);
  if (request.tool !== undefined && token.teamId !== null) return denied('POLICY_DENIED', 'tool', token, account);
  // No organization has a balance, so nothing that costs can be paid.
  if (request.costMicros !== undefined && /[1-9]/.test(request.costMicros)) {
    return denied('INSUFFICIENT_BALANCE', 'balance', token, account);
  }
  return { valid: true, code: 'OK', ...describe(token, account) };
}

/** Whether the permissions held in a space cover the operation that is asked for, by name or by method and path. */
function holds(
  permissions: ReadonlySet<string>,
  replica: Replica,
  request: VerifyRequest,
  token: TokenRecord,
): boolean {
  let { resource, operation } = request;
  if (resource === undefined) {
    const target = replica.products.get(token.product)?.match(request.method as string, request.path as string);
    if (!target) return false;
    ({ resource, operation } = target);
  }
  return permissions.has('*') || permissions.has(`${resource}:*`) || permissions.has(`${resource}:${operation}`);
}

/** An operation is asked for by resource and operation or by method and path: whole, and in one way only. */
function requireWholeWish({ resource, operation, method, path }: VerifyRequest): void {
  if (resource === undefined && operation === undefined && method === undefined && path === undefined) return;
  const byName = resource !== undefined && operation !== undefined;
  const byRoute = method !== undefined && path !== undefined;
  if (byName && method === undefined && path === undefined) return;
  if (byRoute && resource === undefined && operation === undefined) return;

  const named = Object.entries({ resource, operation, method, path }).filter(([, value]) => value !== undefined);
  throw new TollgateError(
    'INVALID_INPUT',
    'Ask for an operation by `resource` and `operation`, or by `method` and `path`: both parts of one pair.',
    named.map(([field]) => ({
      path: field,
      message: 'is not one whole pair of resource and operation or method and path',
    })),
  );
}

function invalid(reason: DecisionReason, token?: TokenRecord): DecisionCore {
  if (token === undefined) return { valid: false, code: 'TOKEN_INVALID', reason };
  return { valid: false, code: 'TOKEN_INVALID', reason, tokenId: token.id, orgId: token.orgId };
}

function denied(
  code: 'SCOPE_DENIED' | 'PERMISSION_DENIED' | 'POLICY_DENIED' | 'INSUFFICIENT_BALANCE',
  reason: DecisionReason,
  token: TokenRecord,
  account: AccountRecord,
): DecisionCore {
  return { valid: false, code, reason, ...describe(token, account) };
}

function describe(token: TokenRecord, account: AccountRecord) {
  return {
    tokenId: token.id,
    orgId: token.orgId,
    account: { id: account.id, kind: account.kind },
    scope: token.scope,
    spaces: token.spaceId === null ? [...account.spaces] : [token.spaceId],
    teamId: token.teamId,
    expiresAt: token.expiresAt,
  };
}
