import { TollgateError, type Decision, type DecisionReason, type VerifyRequest } from '@tollgate/contracts';
import { digestSecretWords, kindOfSecret } from '@tollgate/credential';
import { digestWords } from './digest-words.ts';
import { holdsPermission, type PermissionSet } from './directory.ts';
import type { Replica } from './replica.ts';
import { environments, statuses, type Found } from './token-table.ts';

/** A decision without what only the answering process knows: its id, the position and the lease. */
export type DecisionCore = Omit<Decision, 'decisionId' | 'position' | 'leaseRemainingMs'>;

const missing: DecisionCore = Object.freeze({ valid: false, code: 'TOKEN_MISSING' });
const malformed: DecisionCore = Object.freeze({ valid: false, code: 'TOKEN_INVALID', reason: 'malformed' });
const unknown: DecisionCore = Object.freeze({ valid: false, code: 'TOKEN_INVALID', reason: 'unknown' });

/** A token that holds, and the rows of it and its account. */
interface Identified {
  readonly token: number;
  readonly account: number;
  readonly tokenId: string;
  readonly orgId: string;
  /** Set when the secret is the one before, during an overlap. */
  readonly previousSecret: true | undefined;
}

/** Of the secret under decision. `decide` never waits, so one is enough. */
const digest = new Int32Array(digestWords);

/**
 * Does this token hold, for what is asked? A pure function of the replica, the request and the authority's time in Unix
 * milliseconds. The first check that fails names the decision; the order is part of the contract.
 *
 * A text that could be a secret takes the same time however it fails, so that whoever presents it cannot tell what it once
 * was: see `whyNot`.
 *
 * Throws INVALID_INPUT when the request asks for half an operation or names it twice, and SPACE_REQUIRED when a multi-space
 * token is asked about a resource without a space.
 */
export function decide(replica: Replica, request: VerifyRequest, nowMs: number): DecisionCore {
  requireWholeWish(request);
  const secret = request.token;
  if (secret === undefined || secret === '') return missing;
  if (kindOfSecret(secret) === 'malformed') return malformed;

  const { tokens } = replica;
  const found = tokens.identify(digestSecretWords(secret, digest));
  const { token } = found;
  if (token === 0) return unknown;
  const reason = whyNot(replica, request, found, nowMs);
  // Read for an unknown secret, too, from the row that stands in for its own.
  const tokenId = tokens.idOf(token);
  const orgId = tokens.organizationOf(token);
  if (reason === null) {
    const previousSecret = found.current ? undefined : true;
    return decideReach(replica, request, { token, account: tokens.accountOf(token), tokenId, orgId, previousSecret });
  }
  idIfKnown[1] = tokenId;
  orgIfKnown[1] = orgId;
  return {
    valid: false,
    code: 'TOKEN_INVALID',
    reason,
    tokenId: idIfKnown[found.known],
    orgId: orgIfKnown[found.known],
  };
}

/** What a decision on an unknown secret says of its token, and what one on a known secret says. */
const idIfKnown: [undefined, string] = [undefined, ''];
const orgIfKnown: [undefined, string] = [undefined, ''];

/** Why a token holds for nobody: the higher place counts. */
const reasons = [
  null,
  'product',
  'environment',
  'account-deactivated',
  'inactive',
  'expired',
  'revoked',
  'superseded',
  'unknown',
] as const satisfies (DecisionReason | null)[];

const live = environments.indexOf('live');
const test = environments.indexOf('test');
const inactive = statuses.indexOf('inactive');
const revoked = statuses.indexOf('revoked');

/**
 * Why a token holds for nobody, or null when it does. Every check is made every time, an unknown secret's on another token's
 * row; each sets a bit, and the highest bit counts. There is no branch that one reason takes and another does not.
 */
function whyNot(
  { tokens, accounts, products }: Replica,
  { product, environment }: VerifyRequest,
  { token, known, current, previous }: Found,
  nowMs: number,
): DecisionReason | null {
  const status = tokens.statusOf(token);
  const overlaps = Number(tokens.overlaps(token, nowMs));
  const wanted = product === undefined ? products.defaultNumber : products.numbers.numberOf(product);
  const bits =
    (Number(wanted !== tokens.productOf(token)) << 0) |
    // A token of a product without environments counts as live.
    (Number((environment === 'test' ? test : live) !== (tokens.environmentOf(token) || live)) << 1) |
    (Number(!accounts.isActive(tokens.accountOf(token))) << 2) |
    (Number(status === inactive) << 3) |
    (Number(tokens.isExpired(token, nowMs)) << 4) |
    (Number(status === revoked) << 5) |
    ((1 ^ (current | (previous & overlaps))) << 6) |
    ((1 ^ known) << 7);
  return reasons[32 - Math.clz32(bits)] as DecisionReason | null;
}

/** What an identified, living token may do: its spaces, the account's permissions there, its team, its balance. */
function decideReach(replica: Replica, request: VerifyRequest, identified: Identified): DecisionCore {
  const { tokens, memberships, spaces } = replica;
  const { token, account } = identified;
  const own = tokens.spaceOf(token);
  const asksOperation = request.resource !== undefined || request.path !== undefined;
  const space = request.space === undefined ? own : spaces.numberOf(request.space);
  const reach: string[] = [];
  let permissions: PermissionSet | null = null;
  if (own === 0) {
    permissions = memberships.walk(account, space, reach);
  } else {
    reach.push(spaces.textOf(own));
    if (own === space) permissions = memberships.permissions(account, space);
  }
  if (request.space === undefined && own === 0) {
    if (asksOperation) throw spaceRequired();
  } else if (permissions === null) {
    return describe(replica, identified, reach, 'SCOPE_DENIED', 'space');
  } else if (asksOperation && !mayCall(permissions, replica, request, token)) {
    return describe(replica, identified, reach, 'PERMISSION_DENIED', 'permission');
  }
  const policy = whatTeamDenies(replica, request, tokens.teamOf(token));
  if (policy !== null) return describe(replica, identified, reach, 'POLICY_DENIED', policy);
  if (request.costMicros !== undefined && replica.balances.lacks(identified.orgId, request.costMicros)) {
    return describe(replica, identified, reach, 'INSUFFICIENT_BALANCE', 'balance');
  }
  return describe(replica, identified, reach, 'OK', undefined);
}

function spaceRequired(): TollgateError {
  return new TollgateError(
    'SPACE_REQUIRED',
    'This token reaches several spaces: name the one this call is for in `space`.',
    [{ path: 'space', message: 'is needed for a multi-space token' }],
  );
}

/** All that a decision says of an identified token. Every one has the same fields, which keeps them fast to make and to write. */
function describe(
  { tokens, accounts, teams }: Replica,
  { token, account, tokenId, orgId, previousSecret }: Identified,
  spaces: string[],
  code: DecisionCore['code'],
  reason: DecisionReason | undefined,
): DecisionCore {
  const team = tokens.teamOf(token);
  const expiresAtMs = tokens.expiryOf(token);
  return {
    valid: code === 'OK',
    code,
    reason,
    tokenId,
    orgId,
    account: { id: accounts.idOf(account), kind: accounts.kindOf(account) },
    scope: tokens.spaceOf(token) === 0 ? 'multi-space' : 'single-space',
    spaces,
    teamId: team === 0 ? null : teams.numbers.textOf(team),
    expiresAt: expiresAtMs === Infinity ? null : new Date(expiresAtMs).toISOString(),
    previousSecret,
  };
}

/** Whether the permissions held in a space cover the operation that is asked for, by name or by method and path. */
function mayCall(permissions: PermissionSet, replica: Replica, request: VerifyRequest, token: number): boolean {
  if (request.resource !== undefined) {
    return holdsPermission(permissions, request.resource, request.operation as string);
  }
  const routes = replica.products.byNumber(replica.tokens.productOf(token));
  const target = routes?.match(request.method as string, request.path as string);
  return target ? holdsPermission(permissions, target.resource, target.operation) : false;
}

/** A token without a team may call every tool and reach no project. A team that is not known allows neither. */
function whatTeamDenies(
  { teams }: Replica,
  { project, tool }: VerifyRequest,
  number: number,
): 'project' | 'tool' | null {
  if (project === undefined && tool === undefined) return null;
  const team = teams.byNumber(number);
  if (project !== undefined && !team?.projects.has(project)) return 'project';
  if (tool !== undefined && number !== 0 && !team?.policy.allows(tool)) return 'tool';
  return null;
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
