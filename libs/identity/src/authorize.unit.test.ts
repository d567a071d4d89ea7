import { describe, expect, it } from '@jest/globals';
import type { Caller, ErrorCode } from '@tollgate/contracts';
import { authorize, needsNoJwt } from './authorize.ts';
import type { Claims, Principal, PrincipalQuestion, ResolvedAccount } from './principal.ts';

const claimsOf = (sub: string, scope = '', org?: string): Claims => ({
  sub,
  ...(org ? { org } : {}),
  scopes: scope.split(' ').filter(Boolean),
  expiresAtMs: Date.now() + 60_000,
});

const operator = claimsOf('operator', 'platform:operate');
const finance = claimsOf('finance', 'billing:read');
const financeOfOne = claimsOf('finance', 'billing:read', 'org_1');
const as = (account: string, scope = ''): Claims => claimsOf(account, scope, 'org_1');

const account = (id: string, role: ResolvedAccount['role'], more: Partial<ResolvedAccount> = {}): ResolvedAccount => ({
  id,
  role,
  kind: 'member',
  active: true,
  administersSpace: false,
  ...more,
});
const directory: Record<string, ResolvedAccount> = {
  'org_1/acc_owner': account('acc_owner', 'owner'),
  'org_1/acc_admin': account('acc_admin', 'admin'),
  'org_1/acc_member': account('acc_member', 'member'),
  'org_1/acc_left': account('acc_left', 'owner', { active: false }),
  'org_1/subject-of-outside-issuer': account('acc_admin', 'admin', { kind: 'service' }),
  'org_1/acc_space': account('acc_space', 'member', { administersSpace: true }),
};

function ask(
  who: Caller[],
  claims: Claims,
  input: Record<string, unknown>,
  questions: PrincipalQuestion[] = [],
): Promise<Principal> {
  return authorize({ who }, input, claims, {
    async resolve(question) {
      questions.push(question);
      const found = directory[`${question.orgId}/${question.claims.sub}`];
      if (!found) return null;
      return { ...found, administersSpace: found.administersSpace && question.spaceId === 'spc_1' };
    },
  });
}

const one = { org: 'org_1' };
const inSpace = { org: 'org_1', spc: 'spc_1' };

describe('who is let in', () => {
  it.each<[string, Caller[], Claims, Record<string, unknown>, Partial<Principal>]>([
    ['the operator', ['operator'], operator, {}, { type: 'operator', id: 'operator' }],
    ['the operator, in any organization', ['operator', 'owner'], operator, { org: 'org_9' }, { type: 'operator' }],
    [
      'an operator by another scope',
      ['scope:billing:read'],
      claimsOf('op', 'platform:operate billing:read'),
      one,
      { type: 'service', id: 'op' },
    ],
    [
      'a service by its scope',
      ['owner', 'scope:billing:read'],
      finance,
      { org: 'org_9' },
      { type: 'service', id: 'finance' },
    ],
    ['a service without an organization in the input', ['scope:billing:read'], finance, {}, { type: 'service' }],
    [
      'a service limited to this organization',
      ['scope:billing:read'],
      financeOfOne,
      one,
      { type: 'service', orgId: 'org_1' },
    ],
    ['an owner', ['owner'], as('acc_owner'), one, { type: 'account', id: 'acc_owner', role: 'owner', orgId: 'org_1' }],
    ['an admin', ['owner', 'admin'], as('acc_admin'), one, { role: 'admin' }],
    ['a member', ['owner', 'admin', 'member'], as('acc_member'), one, { role: 'member' }],
    [
      'an account whose JWT names no organization',
      ['admin'],
      claimsOf('acc_admin'),
      one,
      { id: 'acc_admin', orgId: 'org_1' },
    ],
    [
      'an external subject, as the account it stands for',
      ['admin'],
      as('subject-of-outside-issuer'),
      one,
      { id: 'acc_admin', kind: 'service' },
    ],
    [
      'an account by a scope of its JWT',
      ['scope:audit:read'],
      as('acc_member', 'audit:read'),
      one,
      { type: 'account', role: 'member' },
    ],
    [
      'an administrator of the space',
      ['owner', 'space-administrator'],
      as('acc_space'),
      inSpace,
      { id: 'acc_space', administersSpace: true },
    ],
    [
      'an account in its own organization, when the input names none',
      ['member'],
      as('acc_member'),
      {},
      { orgId: 'org_1' },
    ],
  ])('%s', async (_what, who, claims, input, expected) => {
    expect(await ask(who, claims, input)).toMatchObject(expected);
  });
});

describe('who is refused', () => {
  it.each<[string, Caller[], Claims, Record<string, unknown>, ErrorCode, string]>([
    [
      'an operator where none is named',
      ['owner', 'admin'],
      operator,
      one,
      'FORBIDDEN',
      'an owner of the organization or an admin of the organization',
    ],
    [
      'an account where the operator is asked for',
      ['operator'],
      as('acc_owner'),
      {},
      'FORBIDDEN',
      'Only the platform operator may',
    ],
    [
      'an owner where only admins are named',
      ['admin'],
      as('acc_owner'),
      one,
      'FORBIDDEN',
      'Only an admin of the organization may',
    ],
    ['a member where owners and admins are named', ['owner', 'admin'], as('acc_member'), one, 'FORBIDDEN', 'Only'],
    [
      'an account of another organization',
      ['owner'],
      as('acc_owner'),
      { org: 'org_2' },
      'NOT_FOUND',
      'no such organization for this caller',
    ],
    [
      'an account that the organization does not have',
      ['owner'],
      claimsOf('acc_owner'),
      { org: 'org_2' },
      'NOT_FOUND',
      'no such organization',
    ],
    ['a deactivated owner', ['owner'], as('acc_left'), one, 'FORBIDDEN', 'deactivated'],
    [
      'a deactivated account with the right scope',
      ['scope:audit:read'],
      as('acc_left', 'audit:read'),
      one,
      'FORBIDDEN',
      'deactivated',
    ],
    [
      'a service limited to another organization',
      ['scope:billing:read'],
      financeOfOne,
      { org: 'org_2' },
      'NOT_FOUND',
      'no such organization',
    ],
    ['a service with another scope', ['owner', 'scope:audit:read'], finance, one, 'NOT_FOUND', 'no such organization'],
    [
      'a service with another scope, without an organization',
      ['scope:leaks:report'],
      finance,
      {},
      'FORBIDDEN',
      'a caller with the scope leaks:report',
    ],
    [
      'a scope that only starts like the one asked for',
      ['scope:billing:read'],
      claimsOf('x', 'billing:reader'),
      {},
      'FORBIDDEN',
      'billing:read',
    ],
    [
      'an administrator of another space',
      ['space-administrator'],
      as('acc_space'),
      { org: 'org_1', spc: 'spc_2' },
      'FORBIDDEN',
      'an administrator of the space',
    ],
    [
      'a space administrator where no space is named',
      ['owner', 'space-administrator'],
      as('acc_space'),
      one,
      'FORBIDDEN',
      'Only',
    ],
    ['everybody else, where only bus users are named', ['caller'], finance, {}, 'FORBIDDEN', 'services on the bus'],
  ])('%s', async (_what, who, claims, input, code, detail) => {
    await expect(ask(who, claims, input)).rejects.toMatchObject({ code, message: expect.stringContaining(detail) });
  });
});

it('asks about the space that the input names, and never about a foreign organization', async () => {
  const questions: PrincipalQuestion[] = [];
  await ask(['space-administrator'], as('acc_space'), inSpace, questions);
  await ask(['owner'], as('acc_owner'), { org: 'org_2' }, questions).catch(() => undefined);
  expect(questions).toEqual(
    [{ claims: as('acc_space'), orgId: 'org_1', spaceId: 'spc_1' }].map((question) => ({
      ...question,
      claims: expect.anything(),
    })),
  );
});

it.each<[Caller[], boolean | undefined, boolean]>([
  [['caller'], undefined, true],
  [['scope:tokens:verify', 'caller'], undefined, true],
  [['owner'], undefined, false],
  [['operator'], true, true],
])('an operation for %s, internal %s, is answered without a JWT: %s', (who, internal, expected) => {
  expect(needsNoJwt({ who, internal })).toBe(expected);
});
