import { describe, expect, it } from '@jest/globals';
import {
  eventTypes,
  ownActionCategories,
  ReportedAction,
  type EventData,
  type EventType,
  type RecordedEvent,
} from '@tollgate/contracts';
import { entryOf } from './entry.ts';

const org = 'org_01jd0000000000000000000000';
const accountId = 'acc_01jd0000000000000000000000';
const teamId = 'tea_01jd0000000000000000000000';
const projectId = 'prj_01jd0000000000000000000000';
const otherAccountId = 'acc_01jd0000000000000000000001';
const spaceId = 'spc_01jd0000000000000000000000';
const tokenId = 'tok_01jd0000000000000000000000';
const digest = 'd1'.repeat(32);
const at = '2026-01-31T12:00:00.000Z';
const permissions = ['agents:list'];

const recorded = <T extends EventType>(
  type: T,
  data: EventData<T>,
  changes: Partial<RecordedEvent> = {},
): RecordedEvent => ({
  position: 12,
  id: 'evt_0123456789abcdef0123456789abcdef',
  stream: `${eventTypes[type].category}-x`,
  version: 1,
  category: eventTypes[type].category,
  type,
  typeVersion: 1,
  orgId: org,
  at,
  data,
  meta: {
    actor: { type: 'account', id: accountId },
    correlationId: 'req-1',
    causationId: 'req-1',
    requestId: 'req-1',
    contextCommitment: 'Y29tbWl0bWVudA==',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  ...changes,
});

const token: EventData<'TokenCreated'> = {
  tokenId,
  name: 'My Claude Connection',
  accountId,
  scope: { type: 'single-space', spaceId },
  product: 'default',
  environment: 'live',
  teamId: null,
  expiresAt: null,
  digest,
  hint: 'sk_live_...9f3c',
  prefix: 'sk_live_',
  managed: false,
  billable: true,
  agent: null,
  imported: false,
};
const organization: EventData<'OrganizationRegistered'> = {
  name: 'Acme',
  plan: 'pro',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  billing: { anchor: at, interval: 'P1M', policy: 'second.v1' },
  mcpUrl: null,
};
const product: EventData<'ProductRegistered'> = {
  key: 'default',
  name: 'Default product',
  tokenPrefix: 'sk',
  environments: ['live'],
  mcpUrl: null,
  resources: [],
};
const price: EventData<'SeatPriceSet'> = {
  product: 'default',
  plan: 'pro',
  scope: 'multi-space',
  amount: '2900',
  currency: null,
  effectiveFrom: at,
};

/** One sample per event type, and what the entry says of it. The type makes a missing one an error of the compiler. */
const samples: { [T in EventType]: { data: EventData<T>; says: object } } = {
  OrganizationRegistered: {
    data: organization,
    says: {
      namespace: 'Directory',
      action: 'organization.registered',
      targets: [{ type: 'organization', id: org }],
      after: organization,
    },
  },
  PlanChanged: {
    data: { plan: 'pro', previous: 'core' },
    says: { namespace: 'Billing', action: 'plan.changed', before: { plan: 'core' }, after: { plan: 'pro' } },
  },
  BalanceToppedUp: {
    data: { amountMicros: '5000000', reference: 'invoice 17' },
    says: {
      namespace: 'Billing',
      action: 'balance.topped_up',
      targets: [{ type: 'organization', id: org }],
      after: { amountMicros: '5000000', reference: 'invoice 17' },
    },
  },
  LowBalanceThresholdSet: {
    data: { thresholdMicros: '1000000', previous: null },
    says: {
      namespace: 'Billing',
      action: 'balance.threshold_set',
      before: { thresholdMicros: null },
      after: { thresholdMicros: '1000000' },
    },
  },
  SpendingCapSet: {
    data: { tokenId, cap: { amountMicros: '7', period: 'P1D' }, previous: null },
    says: {
      namespace: 'Billing',
      action: 'balance.cap_set',
      targets: [{ type: 'token', id: tokenId }],
      before: { cap: null },
      after: { cap: { amountMicros: '7', period: 'P1D' } },
    },
  },
  OrganizationDetailsChanged: {
    data: { name: 'Acme', mcpUrl: 'https://mcp.acme.example/mcp', previous: { name: 'Acme', mcpUrl: null } },
    says: {
      namespace: 'Directory',
      action: 'organization.changed',
      before: { name: 'Acme', mcpUrl: null },
      after: { name: 'Acme', mcpUrl: 'https://mcp.acme.example/mcp' },
    },
  },
  ProductDetailsChanged: {
    data: { key: 'shop', name: 'Shop', mcpUrl: null, previous: { name: 'Shop API', mcpUrl: null } },
    says: {
      namespace: 'Directory',
      action: 'product.changed',
      targets: [{ type: 'product', id: 'shop' }],
      before: { name: 'Shop API', mcpUrl: null },
      after: { name: 'Shop', mcpUrl: null },
    },
  },
  LeakResponseChosen: {
    data: { response: 'deactivate', previous: 'revoke' },
    says: { namespace: 'Security', action: 'leak_response.chosen', before: { response: 'revoke' } },
  },
  AccountCreated: {
    data: { accountId, kind: 'service', role: 'member' },
    says: {
      namespace: 'Directory',
      action: 'account.created',
      targets: [{ type: 'account', id: accountId }],
      after: { kind: 'service', role: 'member' },
    },
  },
  AccountRoleChanged: {
    data: { accountId, role: 'admin', previous: 'member' },
    says: {
      namespace: 'Directory',
      action: 'account.role_changed',
      before: { role: 'member' },
      after: { role: 'admin' },
    },
  },
  AccountDeactivated: {
    data: { accountId },
    says: { namespace: 'Directory', action: 'account.deactivated', targets: [{ type: 'account', id: accountId }] },
  },
  AccountErased: {
    data: { accountId },
    says: { namespace: 'Directory', action: 'account.erased', targets: [{ type: 'account', id: accountId }] },
  },
  SpaceCreated: {
    data: { spaceId, name: 'Sales' },
    says: {
      namespace: 'Directory',
      action: 'space.created',
      spaceId,
      targets: [{ type: 'space', id: spaceId }],
      after: { name: 'Sales' },
    },
  },
  MembershipGranted: {
    data: { spaceId, accountId, permissions, administers: false },
    says: {
      namespace: 'Directory',
      action: 'membership.granted',
      spaceId,
      targets: [
        { type: 'account', id: accountId },
        { type: 'space', id: spaceId },
      ],
      before: null,
      after: { permissions, administers: false },
    },
  },
  MembershipChanged: {
    data: { spaceId, accountId, permissions, administers: true, previous: { permissions: ['*'], administers: false } },
    says: {
      namespace: 'Directory',
      action: 'membership.changed',
      before: { permissions: ['*'], administers: false },
      after: { permissions, administers: true },
    },
  },
  MembershipRemoved: {
    data: { spaceId, accountId },
    says: { namespace: 'Directory', action: 'membership.removed', spaceId, before: null, after: null },
  },
  TeamCreated: {
    data: { teamId, name: 'Support' },
    says: { namespace: 'Directory', action: 'team.created', after: { name: 'Support' } },
  },
  TeamPolicySet: {
    data: { teamId, policy: { deny: { tools: ['rm'] } }, previous: {} },
    says: { action: 'team.policy_set', before: { policy: {} }, after: { policy: { deny: { tools: ['rm'] } } } },
  },
  TeamProjectAdded: {
    data: { teamId, projectId },
    says: {
      action: 'team.project_added',
      targets: [
        { type: 'team', id: teamId },
        { type: 'project', id: projectId },
      ],
    },
  },
  TeamProjectRemoved: { data: { teamId, projectId }, says: { namespace: 'Directory', action: 'team.project_removed' } },
  ProjectCreated: {
    data: { projectId, name: 'Website' },
    says: { action: 'project.created', targets: [{ type: 'project', id: projectId }] },
  },
  ProductRegistered: {
    data: product,
    says: { namespace: 'Directory', action: 'product.registered', targets: [{ type: 'product', id: 'default' }] },
  },
  SeatPriceSet: {
    data: price,
    says: {
      namespace: 'Billing',
      action: 'seat_price.set',
      targets: [{ type: 'product', id: 'default' }],
      after: expect.objectContaining({ amount: '2900' }),
    },
  },
  ToolPriceSet: {
    data: { product: 'default', tool: 'search', priceMicros: '2500', effectiveFrom: at },
    says: { namespace: 'Billing', action: 'tool_price.set', after: expect.objectContaining({ priceMicros: '2500' }) },
  },
  TokenCreated: {
    data: token,
    says: {
      namespace: 'API Tokens',
      action: 'token.created',
      spaceId,
      targets: [
        { type: 'token', id: tokenId },
        { type: 'account', id: accountId },
      ],
      after: expect.objectContaining({ name: token.name, hint: token.hint, prefix: token.prefix }),
    },
  },
  TokenRenamed: {
    data: { tokenId, name: 'New', previous: 'Old' },
    says: { namespace: 'API Tokens', action: 'token.renamed', before: { name: 'Old' }, after: { name: 'New' } },
  },
  TokenReassigned: {
    data: { tokenId, accountId, previous: otherAccountId },
    says: { action: 'token.reassigned', before: { accountId: otherAccountId }, after: { accountId } },
  },
  TokenTeamChanged: {
    data: { tokenId, teamId, previous: null },
    says: {
      action: 'token.team_changed',
      targets: [
        { type: 'token', id: tokenId },
        { type: 'team', id: teamId },
      ],
    },
  },
  TokenExpiryChanged: {
    data: { tokenId, expiresAt: at, previous: null },
    says: {
      namespace: 'API Tokens',
      action: 'token.expiry_changed',
      before: { expiresAt: null },
      after: { expiresAt: at },
    },
  },
  TokenOverlapEnded: {
    data: { tokenId, digest, reason: 'done' },
    says: { namespace: 'API Tokens', action: 'token.overlap_ended', reason: 'done' },
  },
  TokenLeaked: {
    data: { tokenId, source: 'commit', url: null },
    says: { namespace: 'Security', action: 'token.leaked', after: { source: 'commit', url: null } },
  },
  AttemptsRefused: {
    data: { tokenId, reason: 'revoked', minute: at, count: 17 },
    says: {
      namespace: 'Security',
      action: 'attempts.refused',
      outcome: 'refused',
      reason: 'revoked',
      targets: [{ type: 'token', id: tokenId }],
      after: { minute: at, count: 17 },
    },
  },
  AuditRetentionSet: {
    data: { days: 90, previous: null },
    says: {
      namespace: 'Security',
      action: 'audit.retention_set',
      targets: [{ type: 'organization', id: org }],
      before: { days: null },
      after: { days: 90 },
    },
  },
  AuditEntriesRemoved: {
    data: { entries: 40, position: 77, days: 90 },
    says: {
      namespace: 'Security',
      action: 'audit.entries_removed',
      targets: [{ type: 'organization', id: org }],
      after: { entries: 40, position: 77, days: 90 },
    },
  },
  AuditRead: {
    data: { minute: at, count: 12 },
    says: {
      namespace: 'Security',
      action: 'audit.read',
      targets: [{ type: 'organization', id: org }],
      after: { minute: at, count: 12 },
    },
  },
  AuditExported: {
    data: { format: 'csv', size: 40, filter: { from: at, others: ['q'] } },
    says: {
      namespace: 'Security',
      action: 'audit.exported',
      targets: [{ type: 'organization', id: org }],
      after: { format: 'csv', size: 40, filter: { from: at, others: ['q'] } },
    },
  },
  ActivityRecorded: {
    data: {
      tokenId,
      decisionId: 'dec-1',
      action: 'tool.called',
      outcome: 'refused',
      reason: 'too slow',
      target: { type: 'tool', id: 'crm.search' },
      spaceId,
      doneAt: at,
      details: { durationMs: 120 },
      reportedBy: 'crm',
    },
    says: {
      namespace: 'API Tokens',
      action: 'tool.called',
      outcome: 'refused',
      reason: 'too slow',
      spaceId,
      targets: [
        { type: 'token', id: tokenId },
        { type: 'tool', id: 'crm.search' },
      ],
      after: { decisionId: 'dec-1', doneAt: at, details: { durationMs: 120 }, reportedBy: 'crm' },
    },
  },
  TokenRegenerated: {
    data: {
      tokenId,
      digest,
      hint: 'sk_live_...0001',
      prefix: 'sk_live_',
      previousDigest: digest,
      overlapUntil: null,
      reason: 'leaked',
    },
    says: {
      namespace: 'API Tokens',
      action: 'token.regenerated',
      reason: 'leaked',
      after: { hint: 'sk_live_...0001', prefix: 'sk_live_' },
    },
  },
  TokenDeactivated: {
    data: { tokenId, reason: 'paused' },
    says: { namespace: 'API Tokens', action: 'token.deactivated', reason: 'paused', after: { status: 'inactive' } },
  },
  TokenActivated: {
    data: { tokenId, reason: null },
    says: { namespace: 'API Tokens', action: 'token.activated', reason: null, after: { status: 'active' } },
  },
  TokenRevoked: {
    data: { tokenId, reason: 'not needed' },
    says: {
      namespace: 'API Tokens',
      action: 'token.revoked',
      reason: 'not needed',
      targets: [{ type: 'token', id: tokenId }],
    },
  },
  ClockMoved: {
    data: { now: at, offsetMs: 5 },
    says: { namespace: 'Directory', action: 'clock.moved', after: { now: at, offsetMs: 5 } },
  },
};

const everyType = Object.keys(eventTypes) as EventType[];
const sampleOf = (type: EventType) => recorded(type, samples[type].data as never);

describe('the audit entry of an event', () => {
  it.each(everyType)('%s says who did what to whom', (type) => {
    expect(entryOf(sampleOf(type))).toMatchObject({
      id: 'aud_0123456789abcdef0123456789abcdef',
      position: 12,
      at,
      orgId: org,
      actor: { type: 'account', id: accountId },
      outcome: 'success',
      requestId: 'req-1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      ...samples[type].says,
    });
  });

  it.each(everyType)('%s shows no digest and nothing else that is not listed', (type) => {
    const event = sampleOf(type);
    const withMore = { ...event, data: { ...(event.data as object), sealed: 'canary', email: 'canary' } };
    const text = JSON.stringify(entryOf(withMore));
    expect(text).not.toContain(digest);
    expect(text).not.toContain('canary');
    expect(entryOf(withMore)).toEqual(entryOf(event));
  });

  it.each(everyType.filter((type) => type !== 'ActivityRecorded'))(
    '%s has an action that nobody can report',
    (type) => {
      const { action } = entryOf(sampleOf(type));
      expect(ownActionCategories).toContain(action.split('.')[0]);
      expect(ReportedAction.safeParse(action).success).toBe(false);
    },
  );

  it('belongs to the platform when its event does', () => {
    expect(entryOf(recorded('SeatPriceSet', price, { orgId: null })).orgId).toBeNull();
  });

  it('knows neither request nor trace when its event does not', () => {
    const { meta } = sampleOf('TokenRevoked');
    const event = { ...sampleOf('TokenRevoked'), meta: { ...meta, requestId: null, traceparent: null } };
    expect(entryOf(event)).toMatchObject({ requestId: null, traceId: null });
  });

  it('has no space for a multi-space token', () => {
    expect(entryOf(recorded('TokenCreated', { ...token, scope: { type: 'multi-space' } })).spaceId).toBeNull();
  });

  it('of an unknown type is refused, never left out', () => {
    expect(() => entryOf({ ...sampleOf('TokenRevoked'), type: 'TokenPainted' })).toThrow('TokenPainted');
    expect(() => entryOf({ ...sampleOf('TokenRevoked'), type: 'toString' })).toThrow('toString');
  });
});
