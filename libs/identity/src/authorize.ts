import { TollgateError, type AnyOperation, type Caller } from '@tollgate/contracts';
import {
  operatorScope,
  type Claims,
  type Principal,
  type PrincipalResolver,
  type ResolvedAccount,
} from './principal.ts';

/** True when the operation is answered without a JWT: the NATS permissions alone say who may publish to its subject. */
export function needsNoJwt(operation: Pick<AnyOperation, 'internal' | 'who'>): boolean {
  return operation.internal === true || operation.who.includes('caller');
}

/**
 * The one place of role checks: says who calls, or refuses. One match with `operation.who` is enough.
 *
 * An operator is known by the scope `platform:operate`; a service by a scope that `who` names; everybody else is an account
 * of the organization that the input names (`input.org`; without one, of the JWT's own). A JWT that is limited to an
 * organization never reaches another, whatever its scopes. `caller` in `who` concerns the bus only (`needsNoJwt`).
 *
 * @param input the validated input; `org` and `spc` are read from it
 * @throws TollgateError NOT_FOUND when the organization is not there for this caller: a foreign one looks like none
 * @throws TollgateError FORBIDDEN when the role does not suffice or the account is deactivated; names who may
 */
export async function authorize(
  operation: Pick<AnyOperation, 'who'>,
  input: Readonly<Record<string, unknown>>,
  claims: Claims,
  resolver: PrincipalResolver,
): Promise<Principal> {
  const { who } = operation;
  const isOperator = claims.scopes.includes(operatorScope);
  if (isOperator && who.includes('operator')) return { type: 'operator', id: claims.sub, scopes: claims.scopes };

  const namedOrg = typeof input['org'] === 'string' ? input['org'] : undefined;
  if (claims.org !== undefined && namedOrg !== undefined && claims.org !== namedOrg) throw noSuchOrganization();

  const scopeMatches = who.some(
    (caller) => caller.startsWith('scope:') && claims.scopes.includes(caller.slice('scope:'.length)),
  );
  const service: Principal = {
    type: 'service',
    id: claims.sub,
    ...(claims.org ? { orgId: claims.org } : {}),
    scopes: claims.scopes,
  };
  if (scopeMatches && claims.org === undefined) return service;
  if (isOperator && claims.org === undefined) throw forbidden(who);

  const orgId = namedOrg ?? claims.org;
  if (orgId === undefined) throw forbidden(who);
  const spaceId = typeof input['spc'] === 'string' ? input['spc'] : null;
  const account = await resolver.resolve({ claims, orgId, spaceId });
  if (!account) {
    if (scopeMatches) return service;
    throw noSuchOrganization();
  }
  if (!account.active)
    throw new TollgateError('FORBIDDEN', 'This account is deactivated. An owner of the organization can say why.');
  if (!scopeMatches && !roleMatches(who, account, spaceId)) throw forbidden(who);
  return {
    type: 'account',
    id: account.id,
    orgId,
    role: account.role,
    kind: account.kind,
    scopes: claims.scopes,
    administersSpace: spaceId !== null && account.administersSpace,
  };
}

/** Roles stand for themselves: an owner may do what an admin may only where `who` lists both. */
function roleMatches(who: readonly Caller[], account: ResolvedAccount, spaceId: string | null): boolean {
  return (
    who.includes(account.role) || (who.includes('space-administrator') && spaceId !== null && account.administersSpace)
  );
}

const noSuchOrganization = (): TollgateError =>
  new TollgateError('NOT_FOUND', 'There is no such organization for this caller.');

function forbidden(who: readonly Caller[]): TollgateError {
  const names = who.filter((caller) => caller !== 'caller').map(describeCaller);
  return new TollgateError(
    'FORBIDDEN',
    `Only ${names.length > 0 ? listed(names) : 'services on the bus'} may do this.`,
  );
}

function describeCaller(caller: Caller): string {
  switch (caller) {
    case 'operator':
      return 'the platform operator';
    case 'owner':
      return 'an owner of the organization';
    case 'admin':
      return 'an admin of the organization';
    case 'member':
      return 'a member of the organization';
    case 'space-administrator':
      return 'an administrator of the space';
    default:
      return `a caller with the scope ${caller.slice('scope:'.length)}`;
  }
}

const listed = (names: string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
