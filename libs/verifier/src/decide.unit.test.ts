import { describe, expect, it } from '@jest/globals';
import type { TeamPolicy, VerifyRequest } from '@tollgate/contracts';
import { digestSecret } from '@tollgate/credential';
import { directory, given, happened, replicaOf, secretOf, tokenCreated } from './testing/scenario.ts';

const secret = secretOf(1);
const nextSecret = secretOf(2);
const noReason = { reason: null };
const multi = [...directory, tokenCreated(secret)];
const single = [...directory, tokenCreated(secret, { scope: { type: 'single-space', spaceId: 'spc_1' } })];
const revoked = happened('TokenRevoked', { tokenId: 'tok_1', ...noReason });
const thirdSecret = secretOf(3);
const overlapUntil = '2026-01-08T00:00:00.000Z';
const regeneratedTo = (next: string, previous: string, until: string | null = overlapUntil) =>
  happened('TokenRegenerated', {
    tokenId: 'tok_1',
    digest: digestSecret(next),
    hint: '',
    prefix: '',
    previousDigest: digestSecret(previous),
    overlapUntil: until,
    ...noReason,
  });
const regenerated = regeneratedTo(nextSecret, secret, null);
const overlapEnded = (ended: string) =>
  happened('TokenOverlapEnded', { tokenId: 'tok_1', digest: digestSecret(ended), ...noReason });
const identified = { tokenId: 'tok_1', orgId: 'org_1' };
const described = {
  ...identified,
  account: { id: 'acc_1', kind: 'service' as const },
  scope: 'multi-space' as const,
  spaces: ['spc_1', 'spc_2'],
  teamId: null,
  expiresAt: null,
};

describe('whether a token holds', () => {
  it('tells all about one that does', () => {
    given(...multi)
      .when({ token: secret })
      .thenExactly({ valid: true, code: 'OK', ...described });
  });

  it('names the one space of a single-space token', () => {
    given(...single)
      .when({ token: secret })
      .thenExactly({ valid: true, code: 'OK', ...described, scope: 'single-space', spaces: ['spc_1'] });
  });

  it.each([[undefined], ['']])('is TOKEN_MISSING for %j', (token) => {
    given(...multi)
      .when({ token })
      .thenExactly({ valid: false, code: 'TOKEN_MISSING' });
  });

  it('is malformed for our shape with a wrong checksum, and nothing is looked up', () => {
    const mistyped = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
    // Even if such a text had found its way into the table.
    const replica = replicaOf(...directory, tokenCreated(mistyped));
    expect(replica.tokens.get('tok_1')?.digest).toBe(digestSecret(mistyped));
    given(...directory, tokenCreated(mistyped))
      .when({ token: mistyped })
      .thenExactly({ valid: false, code: 'TOKEN_INVALID', reason: 'malformed' });
  });

  it('is unknown for a secret nobody was given, and says nothing of any token', () => {
    given(...multi)
      .when({ token: secretOf(9) })
      .thenExactly({ valid: false, code: 'TOKEN_INVALID', reason: 'unknown' });
  });

  it('looks a text of another shape up: a key of an older system', () => {
    given(...directory, tokenCreated('old-key-17'))
      .when({ token: 'old-key-17' })
      .then({ valid: true, code: 'OK' });
    given(...multi)
      .when({ token: 'old-key-18' })
      .then({ code: 'TOKEN_INVALID', reason: 'unknown' });
  });

  it('ends with a revoke, for good', () => {
    const answer = { valid: false, code: 'TOKEN_INVALID' as const, reason: 'revoked' as const, ...identified };
    given(...multi, revoked)
      .when({ token: secret })
      .thenExactly(answer);
    const activated = happened('TokenActivated', { tokenId: 'tok_1', ...noReason });
    given(...multi, revoked, activated, regenerated)
      .when({ token: nextSecret })
      .thenExactly(answer);
    given(...multi, revoked, tokenCreated(secret, { tokenId: 'tok_2' }))
      .when({ token: secret })
      .thenExactly(answer);
  });

  it('ends for the old secret with a regenerate, and begins for the new one', () => {
    const answer = { valid: false, code: 'TOKEN_INVALID' as const, reason: 'superseded' as const, ...identified };
    given(...multi, regenerated)
      .when({ token: secret })
      .thenExactly(answer);
    given(...multi, regenerated)
      .when({ token: nextSecret })
      .then({ valid: true });
    given(...multi, regenerated, revoked)
      .when({ token: nextSecret })
      .then({ reason: 'revoked' });
    given(...multi, regenerated, revoked)
      .when({ token: secret })
      .then({ reason: 'superseded' });
  });

  it('ends at the instant of its expiry', () => {
    const expiring = [...directory, tokenCreated(secret, { expiresAt: '2026-02-01T00:00:00.000Z' })];
    given(...expiring)
      .when({ token: secret }, '2026-01-31T23:59:59.999Z')
      .then({ valid: true, expiresAt: '2026-02-01T00:00:00.000Z' });
    given(...expiring)
      .when({ token: secret }, '2026-02-01T00:00:00.000Z')
      .thenExactly({ valid: false, code: 'TOKEN_INVALID', reason: 'expired', ...identified });
  });

  it('follows a change of its expiry', () => {
    const changed = (expiresAt: string | null) =>
      happened('TokenExpiryChanged', { tokenId: 'tok_1', expiresAt, previous: null });
    given(...multi, changed('2026-01-01T00:00:00.000Z'))
      .when({ token: secret })
      .then({ reason: 'expired' });
    given(...multi, changed('2026-01-01T00:00:00.000Z'), changed(null))
      .when({ token: secret })
      .then({ valid: true, expiresAt: null });
  });

  it('follows a change of its account', () => {
    const other = [
      happened('AccountCreated', { accountId: 'acc_2', kind: 'member', role: 'member' }),
      happened('TokenReassigned', { tokenId: 'tok_1', accountId: 'acc_2', previous: 'acc_1' }),
    ];
    given(...multi, ...other)
      .when({ token: secret })
      .then({ valid: true, account: { id: 'acc_2', kind: 'member' }, spaces: [] });
    given(...multi, ...other)
      .when({ token: secret, space: 'spc_1' })
      .then({ code: 'SCOPE_DENIED' });
  });

  it('ends for a secret that the log says ended', () => {
    given(...multi, overlapEnded(secret))
      .when({ token: secret })
      .then({ reason: 'superseded' });
  });

  it('rests while the token is inactive', () => {
    const off = happened('TokenDeactivated', { tokenId: 'tok_1', ...noReason });
    given(...multi, off)
      .when({ token: secret })
      .thenExactly({ valid: false, code: 'TOKEN_INVALID', reason: 'inactive', ...identified });
    given(...multi, off, regenerated)
      .when({ token: nextSecret })
      .then({ reason: 'inactive' });
    given(...multi, off, happened('TokenActivated', { tokenId: 'tok_1', ...noReason }))
      .when({ token: secret })
      .then({ valid: true });
  });

  it('ends with its account', () => {
    given(...multi, happened('AccountDeactivated', { accountId: 'acc_1' }))
      .when({ token: secret })
      .thenExactly({ valid: false, code: 'TOKEN_INVALID', reason: 'account-deactivated', ...identified });
  });

  it('is asked for live unless the request says test', () => {
    const test = secretOf(3, 'test');
    const withTest = [...directory, tokenCreated(test, { environment: 'test' })];
    given(...withTest)
      .when({ token: test })
      .then({ code: 'TOKEN_INVALID', reason: 'environment', ...identified });
    given(...withTest)
      .when({ token: test, environment: 'test' })
      .then({ valid: true });
    given(...multi)
      .when({ token: secret, environment: 'test' })
      .then({ reason: 'environment' });
  });

  it('counts a token without environment as live', () => {
    const bare = secretOf(4, null, 'prod');
    const withBare = [...directory, tokenCreated(bare, { environment: null })];
    given(...withBare)
      .when({ token: bare, environment: 'live' })
      .then({ valid: true });
    given(...withBare)
      .when({ token: bare, environment: 'test' })
      .then({ reason: 'environment' });
  });

  it('is asked for the product default unless the request names another', () => {
    const other = [...directory, tokenCreated(secret, { product: 'other' })];
    given(...other)
      .when({ token: secret })
      .then({ code: 'TOKEN_INVALID', reason: 'product', ...identified });
    given(...other)
      .when({ token: secret, product: 'other' })
      .then({ valid: true });
    given(...multi)
      .when({ token: secret, product: 'other' })
      .then({ reason: 'product' });
  });
});

describe('an overlap', () => {
  const overlapping = [...multi, regeneratedTo(nextSecret, secret)];
  const superseded = { valid: false, code: 'TOKEN_INVALID' as const, reason: 'superseded' as const, ...identified };

  it('lets both secrets hold until its instant, and says when it was the one before', () => {
    const before = '2026-01-07T23:59:59.999Z';
    given(...overlapping)
      .when({ token: secret }, before)
      .thenExactly({ valid: true, code: 'OK', ...described, previousSecret: true });
    given(...overlapping)
      .when({ token: nextSecret }, before)
      .then({ valid: true });
    given(...overlapping)
      .when({ token: secret }, overlapUntil)
      .thenExactly(superseded);
    given(...overlapping)
      .when({ token: nextSecret }, overlapUntil)
      .then({ valid: true });
  });

  it('ends when the log says so', () => {
    given(...overlapping, overlapEnded(secret))
      .when({ token: secret })
      .thenExactly(superseded);
    given(...overlapping, overlapEnded(secret))
      .when({ token: nextSecret })
      .then({ valid: true });
  });

  it('ends with the next regenerate: two secrets are live at most', () => {
    const again = [...overlapping, regeneratedTo(thirdSecret, nextSecret)];
    given(...again)
      .when({ token: secret })
      .thenExactly(superseded);
    given(...again)
      .when({ token: nextSecret })
      .then({ valid: true });
    given(...again)
      .when({ token: thirdSecret })
      .then({ valid: true });
    const atOnce = [...overlapping, regeneratedTo(thirdSecret, nextSecret, null)];
    for (const token of [secret, nextSecret])
      given(...atOnce)
        .when({ token })
        .thenExactly(superseded);
  });

  it('ends for both secrets with a revoke', () => {
    for (const token of [secret, nextSecret])
      given(...overlapping, revoked)
        .when({ token })
        .then({ valid: false, reason: 'revoked' });
    given(...overlapping, revoked)
      .when({ token: secret }, overlapUntil)
      .thenExactly(superseded);
  });

  it('never makes a superseded secret live again', () => {
    const back = regeneratedTo(secret, nextSecret, null);
    for (const token of [secret, nextSecret])
      given(...multi, regenerated, back)
        .when({ token })
        .thenExactly(superseded);
  });
});

describe('the space', () => {
  const removed = (spaceId: string) => happened('MembershipRemoved', { spaceId, accountId: 'acc_1' });

  it.each<[string, typeof multi, VerifyRequest]>([
    ['another space than its own', single, { space: 'spc_2' }],
    ['a space where the account is no member', multi, { space: 'spc_3' }],
    ['a space that the account was removed from', [...multi, removed('spc_1')], { space: 'spc_1' }],
    ['its own space once the account was removed from it', [...single, removed('spc_1')], {}],
  ])('is refused for %s', (_, events, request) => {
    given(...events)
      .when({ token: secret, ...request })
      .then({ valid: false, code: 'SCOPE_DENIED', reason: 'space', ...identified });
  });

  it('is the own one of a single-space token when none is named', () => {
    given(...single)
      .when({ token: secret, resource: 'agents', operation: 'list' })
      .then({ valid: true });
    given(...single)
      .when({ token: secret, space: 'spc_1', resource: 'agents', operation: 'list' })
      .then({ valid: true });
  });

  it('must be named when a multi-space token is asked about an operation', () => {
    given(...multi)
      .when({ token: secret, resource: 'agents', operation: 'list' })
      .thenRefused('SPACE_REQUIRED');
    given(...multi)
      .when({ token: secret, method: 'GET', path: '/api/agent-base' })
      .thenRefused('SPACE_REQUIRED');
  });

  it('need not be named for a token that does not hold', () => {
    given(...multi, revoked)
      .when({ token: secret, resource: 'agents', operation: 'list' })
      .then({ reason: 'revoked' });
  });
});

describe('the permission', () => {
  const ask = (resource: string, operation: string, space = 'spc_1') => ({ token: secret, space, resource, operation });

  it.each([
    ['held by name', ask('agents', 'list')],
    ['held by its resource', ask('webhooks', 'send')],
    ['held by *', ask('storage', 'delete', 'spc_2')],
    ['held by * although no product names it', ask('other', 'thing', 'spc_2')],
    ['found by its route', { token: secret, space: 'spc_1', method: 'PATCH', path: '/api/agent-base/a1' }],
    [
      'found by its route and held by its resource',
      { token: secret, space: 'spc_1', method: 'POST', path: '/api/webhook/a/b' },
    ],
  ])('is %s', (_, request) => {
    given(...multi)
      .when(request)
      .thenExactly({ valid: true, code: 'OK', ...described });
  });

  it.each([
    ['not held', ask('agents', 'delete')],
    ['not held for the resource', ask('storage', 'list')],
    ['a prefix of one that is held', ask('agents', 'lis')],
    ['a star, which only a grant can hold', ask('agents', '*')],
    ['not held, found by its route', { token: secret, space: 'spc_1', method: 'DELETE', path: '/api/agent-base/a1' }],
    [
      'behind a route that does not exist, even with *',
      { token: secret, space: 'spc_2', method: 'GET', path: '/api/none' },
    ],
    [
      'behind an ambiguous path, even with *',
      { token: secret, space: 'spc_2', method: 'GET', path: '/api%2fagent-base' },
    ],
  ])('is refused when it is %s', (_, request) => {
    given(...multi)
      .when(request)
      .thenExactly({ valid: false, code: 'PERMISSION_DENIED', reason: 'permission', ...described });
  });

  it('follows a change of the membership', () => {
    const narrowed = happened('MembershipChanged', {
      spaceId: 'spc_1',
      accountId: 'acc_1',
      permissions: ['agents:list'],
      administers: false,
      previous: { permissions: [], administers: false },
    });
    given(...multi, narrowed)
      .when(ask('agents', 'update'))
      .then({ code: 'PERMISSION_DENIED' });
    given(...multi, narrowed)
      .when(ask('agents', 'list'))
      .then({ valid: true });
  });

  it.each<[string, VerifyRequest]>([
    ['a resource without operation', { resource: 'agents' }],
    ['an operation without resource', { operation: 'list' }],
    ['a path without method', { path: '/api/agent-base' }],
    ['a method without path', { method: 'GET' }],
    ['both ways at once', { resource: 'agents', operation: 'list', method: 'GET', path: '/api/agent-base' }],
    ['a mixture', { resource: 'agents', operation: 'list', method: 'GET' }],
  ])('is wrong input as %s, whatever the token', (_, wish) => {
    given(...multi)
      .when({ token: secret, space: 'spc_1', ...wish })
      .thenRefused('INVALID_INPUT');
    given(...multi)
      .when(wish)
      .thenRefused('INVALID_INPUT');
  });
});

describe('what follows the permission', () => {
  it('refuses a project without a team', () => {
    given(...multi)
      .when({ token: secret, project: 'prj_1' })
      .then({ code: 'POLICY_DENIED', reason: 'project', ...identified });
  });

  const teamId = 'tea_1';
  const withTeam = [
    ...directory,
    happened('TeamCreated', { teamId, name: 'A team' }),
    tokenCreated(secret, { teamId }),
  ];
  const policySet = (policy: TeamPolicy) => happened('TeamPolicySet', { teamId, policy, previous: {} });
  const projectAdded = happened('TeamProjectAdded', { teamId, projectId: 'prj_1' });
  const projectRemoved = happened('TeamProjectRemoved', { teamId, projectId: 'prj_1' });
  const teamChanged = (next: string | null) =>
    happened('TokenTeamChanged', { tokenId: 'tok_1', teamId: next, previous: null });

  it('lets through what a team without a policy is asked, and names the team', () => {
    given(...withTeam)
      .when({ token: secret, tool: 'search' })
      .thenExactly({ valid: true, code: 'OK', ...described, teamId });
  });

  it("asks the team's policy about a tool, as it stands", () => {
    const events = [...withTeam, policySet({ allow: { tools: ['files.*'] }, deny: { tools: ['*.delete'] } })];
    given(...events)
      .when({ token: secret, tool: 'files.read' })
      .then({ valid: true });
    for (const tool of ['files.delete', 'search'])
      given(...events)
        .when({ token: secret, tool })
        .then({ valid: false, code: 'POLICY_DENIED', reason: 'tool', ...identified, teamId });
    given(...events, policySet({}))
      .when({ token: secret, tool: 'search' })
      .then({ valid: true });
    given(...events)
      .when({ token: secret })
      .then({ valid: true });
  });

  it("lets the team's projects be reached, and no other", () => {
    given(...withTeam, projectAdded)
      .when({ token: secret, project: 'prj_1' })
      .then({ valid: true });
    given(...withTeam, projectAdded)
      .when({ token: secret, project: 'prj_2' })
      .then({ code: 'POLICY_DENIED', reason: 'project', teamId });
    given(...withTeam, projectAdded, projectRemoved)
      .when({ token: secret, project: 'prj_1' })
      .then({ code: 'POLICY_DENIED', reason: 'project' });
  });

  it('follows the token into another team and out of all', () => {
    const events = [...withTeam, projectAdded, policySet({ allow: { tools: [] } })];
    given(...events, happened('TeamCreated', { teamId: 'tea_2', name: 'Another' }), teamChanged('tea_2'))
      .when({ token: secret, tool: 'search' })
      .then({ valid: true, teamId: 'tea_2' });
    given(...events, teamChanged(null))
      .when({ token: secret, tool: 'search' })
      .then({ valid: true, teamId: null });
    given(...events, teamChanged(null))
      .when({ token: secret, project: 'prj_1' })
      .then({ code: 'POLICY_DENIED', reason: 'project' });
  });

  it('refuses what a team that is not known would be asked', () => {
    given(...multi, teamChanged('tea_9'))
      .when({ token: secret, project: 'prj_1' })
      .then({ code: 'POLICY_DENIED', reason: 'project' });
    given(...multi, teamChanged('tea_9'))
      .when({ token: secret, tool: 'search' })
      .then({ code: 'POLICY_DENIED', reason: 'tool' });
    given(...multi, teamChanged('tea_9'))
      .when({ token: secret })
      .then({ valid: true, teamId: 'tea_9' });
  });

  it('lets a tool through when there is no team', () => {
    given(...multi)
      .when({ token: secret, tool: 'search' })
      .then({ valid: true });
  });

  it('refuses what costs more than the balance that was heard of, and nothing while none was', () => {
    const balance = (availableMicros: string) => [{ orgId: identified.orgId, availableMicros }];
    const cases: [costMicros: string, balances: ReturnType<typeof balance>, refused: boolean][] = [
      ['5', balance('5'), false],
      ['005', balance('5'), false],
      ['6', balance('5'), true],
      ['1', balance('0'), true],
      ['0', balance('0'), false],
      ['99999999999999999999', balance('5'), true],
      ['99999999999999999999', [], false],
      ['6', [{ orgId: 'org_2', availableMicros: '5' }], false],
    ];
    for (const [costMicros, balances, refused] of cases)
      given(...multi)
        .when({ token: secret, costMicros }, undefined, balances)
        .then(refused ? { code: 'INSUFFICIENT_BALANCE', reason: 'balance', ...identified } : { valid: true });
  });
});

describe('the first check that fails names the decision', () => {
  const expiresAt = '2026-01-01T00:00:00.000Z';
  const off = happened('TokenDeactivated', { tokenId: 'tok_1', ...noReason });
  const gone = happened('AccountDeactivated', { accountId: 'acc_1' });
  const test = secretOf(5, 'test');
  const wishes: VerifyRequest = {
    token: test,
    product: 'other',
    space: 'spc_9',
    resource: 'storage',
    operation: 'list',
    project: 'prj_1',
    costMicros: '5',
  };
  const token = (changes = {}) => [...directory, tokenCreated(test, { environment: 'test', ...changes })];

  it.each([
    ['revoked', [...token({ expiresAt }), off, gone, revoked], wishes],
    ['expired', [...token({ expiresAt }), off, gone], wishes],
    ['inactive', [...token(), off, gone], wishes],
    ['account-deactivated', [...token(), gone], wishes],
    ['environment', token(), wishes],
    ['product', token(), { ...wishes, environment: 'test' as const }],
    ['space', token(), { ...wishes, environment: 'test' as const, product: 'default' }],
    ['permission', token(), { ...wishes, environment: 'test' as const, product: 'default', space: 'spc_1' }],
    ['project', token(), { ...wishes, environment: 'test' as const, product: 'default', space: 'spc_2' }],
    ['balance', token(), { token: test, environment: 'test' as const, costMicros: '5' }],
  ])('%s', (reason, events, request) => {
    given(...events)
      .when(request, undefined, [{ orgId: identified.orgId, availableMicros: '4' }])
      .then({ valid: false, reason: reason as 'revoked' });
  });
});
