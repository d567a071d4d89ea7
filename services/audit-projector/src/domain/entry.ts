import {
  isEventType,
  type AuditNamespace,
  type EventType,
  type RecordedEvent,
  type RecordedTollgateEvent,
} from '@tollgate/contracts';
import { removalAction } from '@tollgate/proof';

/** What was done something to. Its name is joined at read. */
export interface Target {
  readonly type:
    | 'organization'
    | 'account'
    | 'space'
    | 'team'
    | 'project'
    | 'token'
    | 'product'
    | 'clock'
    | 'tool'
    | 'api'
    | 'resource';
  readonly id: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** What one event means to an auditor. Only what is named here is shown: a new field of an event stays out until it is listed. */
interface Meaning {
  readonly namespace: AuditNamespace;
  readonly action: string;
  readonly targets: readonly Target[];
  readonly spaceId?: string;
  /** success unless it says otherwise. */
  readonly outcome?: 'success' | 'refused';
  readonly reason?: string | null;
  readonly before?: Fields;
  readonly after?: Fields;
}

/** An audit entry as derived from its event alone: without the names, IP address and user agent that are joined at read. */
export interface Entry {
  /** `aud_` and the 32 hex digits of the event's id. */
  readonly id: string;
  readonly position: number;
  /** Of the proven record's shape and of what its action means. Raised when either changes: old records keep theirs. */
  readonly version: 1;
  readonly at: string;
  /** null: the event belongs to the platform. */
  readonly orgId: string | null;
  readonly spaceId: string | null;
  readonly namespace: AuditNamespace;
  readonly action: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly targets: readonly Target[];
  readonly outcome: 'success' | 'refused';
  readonly reason: string | null;
  readonly before: Fields | null;
  readonly after: Fields | null;
  readonly requestId: string | null;
  readonly traceId: string | null;
  /** What binds the erasable request context to the record; null when no outside request stands behind the event. */
  readonly commitment: string | null;
}

type Of<T extends EventType> = RecordedTollgateEvent<T>;

const token = (id: string): Target => ({ type: 'token', id });
const account = (id: string): Target => ({ type: 'account', id });
const space = (id: string): Target => ({ type: 'space', id });
const team = (id: string): Target => ({ type: 'team', id });
const project = (id: string): Target => ({ type: 'project', id });
const product = (key: string): Target => ({ type: 'product', id: key });
const organization = (event: RecordedEvent): Target => ({ type: 'organization', id: event.orgId ?? '' });

/** One line of the audit log's meaning per event type. The type makes a missing one an error of the compiler. */
const meanings: { readonly [T in EventType]: (event: Of<T>) => Meaning } = {
  OrganizationRegistered: (event) => ({
    namespace: 'Directory',
    action: 'organization.registered',
    targets: [organization(event)],
    after: pick(event.data, 'name', 'plan', 'currency', 'timeZone', 'billing', 'mcpUrl'),
  }),
  OrganizationDetailsChanged: (event) => ({
    namespace: 'Directory',
    action: 'organization.changed',
    targets: [organization(event)],
    before: event.data.previous,
    after: pick(event.data, 'name', 'mcpUrl'),
  }),
  PlanChanged: (event) => ({
    namespace: 'Billing',
    action: 'plan.changed',
    targets: [organization(event)],
    before: { plan: event.data.previous },
    after: pick(event.data, 'plan'),
  }),
  LeakResponseChosen: (event) => ({
    namespace: 'Security',
    action: 'leak_response.chosen',
    targets: [organization(event)],
    before: { response: event.data.previous },
    after: pick(event.data, 'response'),
  }),
  AuditRetentionSet: (event) => ({
    namespace: 'Security',
    action: 'audit.retention_set',
    targets: [organization(event)],
    before: { days: event.data.previous },
    after: pick(event.data, 'days'),
  }),
  AccountCreated: ({ data }) => ({
    namespace: 'Directory',
    action: 'account.created',
    targets: [account(data.accountId)],
    after: pick(data, 'kind', 'role'),
  }),
  AccountRoleChanged: ({ data }) => ({
    namespace: 'Directory',
    action: 'account.role_changed',
    targets: [account(data.accountId)],
    before: { role: data.previous },
    after: pick(data, 'role'),
  }),
  AccountDeactivated: ({ data }) => ({
    namespace: 'Directory',
    action: 'account.deactivated',
    targets: [account(data.accountId)],
    before: { status: 'active' },
    after: { status: 'deactivated' },
  }),
  AccountErased: ({ data }) => ({
    namespace: 'Directory',
    action: 'account.erased',
    targets: [account(data.accountId)],
  }),
  SpaceCreated: ({ data }) => ({
    namespace: 'Directory',
    action: 'space.created',
    targets: [space(data.spaceId)],
    spaceId: data.spaceId,
    after: pick(data, 'name'),
  }),
  MembershipGranted: ({ data }) => ({
    ...membership(data),
    action: 'membership.granted',
    after: pick(data, 'permissions', 'administers'),
  }),
  MembershipChanged: ({ data }) => ({
    ...membership(data),
    action: 'membership.changed',
    before: pick(data.previous, 'permissions', 'administers'),
    after: pick(data, 'permissions', 'administers'),
  }),
  MembershipRemoved: ({ data }) => ({ ...membership(data), action: 'membership.removed' }),
  TeamCreated: ({ data }) => ({
    namespace: 'Directory',
    action: 'team.created',
    targets: [team(data.teamId)],
    after: pick(data, 'name'),
  }),
  TeamPolicySet: ({ data }) => ({
    namespace: 'Directory',
    action: 'team.policy_set',
    targets: [team(data.teamId)],
    before: { policy: data.previous },
    after: pick(data, 'policy'),
  }),
  TeamProjectAdded: ({ data }) => ({
    namespace: 'Directory',
    action: 'team.project_added',
    targets: [team(data.teamId), project(data.projectId)],
  }),
  TeamProjectRemoved: ({ data }) => ({
    namespace: 'Directory',
    action: 'team.project_removed',
    targets: [team(data.teamId), project(data.projectId)],
  }),
  ProjectCreated: ({ data }) => ({
    namespace: 'Directory',
    action: 'project.created',
    targets: [project(data.projectId)],
    after: pick(data, 'name'),
  }),
  ProductRegistered: ({ data }) => ({
    namespace: 'Directory',
    action: 'product.registered',
    targets: [product(data.key)],
    after: pick(data, 'name', 'tokenPrefix', 'environments', 'mcpUrl', 'resources'),
  }),
  ProductDetailsChanged: ({ data }) => ({
    namespace: 'Directory',
    action: 'product.changed',
    targets: [product(data.key)],
    before: data.previous,
    after: pick(data, 'name', 'mcpUrl'),
  }),
  SeatPriceSet: ({ data }) => ({
    namespace: 'Billing',
    action: 'seat_price.set',
    targets: [product(data.product)],
    after: pick(data, 'plan', 'scope', 'amount', 'currency', 'effectiveFrom'),
  }),
  ToolPriceSet: ({ data }) => ({
    namespace: 'Billing',
    action: 'tool_price.set',
    targets: [product(data.product)],
    after: pick(data, 'tool', 'priceMicros', 'effectiveFrom'),
  }),
  TokenCreated: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.created',
    targets: [token(data.tokenId), account(data.accountId)],
    ...(data.scope.type === 'single-space' ? { spaceId: data.scope.spaceId } : {}),
    after: pick(
      data,
      'name',
      'accountId',
      'scope',
      'product',
      'environment',
      'teamId',
      'expiresAt',
      'hint',
      'prefix',
      'managed',
      'billable',
      'imported',
    ),
  }),
  TokenRenamed: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.renamed',
    targets: [token(data.tokenId)],
    before: { name: data.previous },
    after: pick(data, 'name'),
  }),
  TokenReassigned: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.reassigned',
    targets: [token(data.tokenId), account(data.accountId), account(data.previous)],
    before: { accountId: data.previous },
    after: pick(data, 'accountId'),
  }),
  TokenTeamChanged: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.team_changed',
    targets: [token(data.tokenId), ...[data.teamId, data.previous].flatMap((id) => (id === null ? [] : [team(id)]))],
    before: { teamId: data.previous },
    after: pick(data, 'teamId'),
  }),
  TokenExpiryChanged: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.expiry_changed',
    targets: [token(data.tokenId)],
    before: { expiresAt: data.previous },
    after: pick(data, 'expiresAt'),
  }),
  TokenOverlapEnded: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.overlap_ended',
    targets: [token(data.tokenId)],
    reason: data.reason,
  }),
  TokenLeaked: ({ data }) => ({
    namespace: 'Security',
    action: 'token.leaked',
    targets: [token(data.tokenId)],
    after: pick(data, 'source', 'url'),
  }),
  AttemptsRefused: ({ data }) => ({
    namespace: 'Security',
    action: 'attempts.refused',
    targets: [token(data.tokenId)],
    outcome: 'refused',
    reason: data.reason,
    after: pick(data, 'minute', 'count'),
  }),
  AuditRead: (event) => ({
    namespace: 'Security',
    action: 'audit.read',
    targets: [organization(event)],
    after: pick(event.data, 'minute', 'count'),
  }),
  AuditExported: (event) => ({
    namespace: 'Security',
    action: 'audit.exported',
    targets: [organization(event)],
    after: pick(event.data, 'format', 'size', 'filter'),
  }),
  AuditEntriesRemoved: (event) => ({
    namespace: 'Security',
    action: removalAction,
    targets: [organization(event)],
    after: pick(event.data, 'entries', 'position', 'days'),
  }),
  TokenRegenerated: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.regenerated',
    targets: [token(data.tokenId)],
    reason: data.reason,
    after: pick(data, 'hint', 'prefix'),
  }),
  TokenDeactivated: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.deactivated',
    targets: [token(data.tokenId)],
    reason: data.reason,
    before: { status: 'active' },
    after: { status: 'inactive' },
  }),
  TokenActivated: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.activated',
    targets: [token(data.tokenId)],
    reason: data.reason,
    before: { status: 'inactive' },
    after: { status: 'active' },
  }),
  TokenRevoked: ({ data }) => ({
    namespace: 'API Tokens',
    action: 'token.revoked',
    targets: [token(data.tokenId)],
    reason: data.reason,
    after: { status: 'revoked' },
  }),
  BalanceToppedUp: (event) => ({
    namespace: 'Billing',
    action: 'balance.topped_up',
    targets: [organization(event)],
    after: pick(event.data, 'amountMicros', 'reference'),
  }),
  LowBalanceThresholdSet: (event) => ({
    namespace: 'Billing',
    action: 'balance.threshold_set',
    targets: [organization(event)],
    before: { thresholdMicros: event.data.previous },
    after: pick(event.data, 'thresholdMicros'),
  }),
  SpendingCapSet: ({ data }) => ({
    namespace: 'Billing',
    action: 'balance.cap_set',
    targets: [token(data.tokenId)],
    before: { cap: data.previous },
    after: pick(data, 'cap'),
  }),
  ActivityRecorded: ({ data }) => ({
    namespace: 'API Tokens',
    action: data.action,
    targets: [token(data.tokenId), ...(data.target ? [data.target] : [])],
    ...(data.spaceId === null ? {} : { spaceId: data.spaceId }),
    outcome: data.outcome,
    reason: data.reason,
    after: pick(data, 'decisionId', 'doneAt', 'details', 'reportedBy'),
  }),
  ClockMoved: (event) => ({
    namespace: 'Directory',
    action: 'clock.moved',
    targets: [{ type: 'clock', id: 'development' }],
    after: pick(event.data, 'now', 'offsetMs'),
  }),
};

/**
 * The one audit entry of an event. Pure: the same event gives the same entry for ever.
 * @throws Error for a type that is not in the catalogue, so that no event is ever left out in silence.
 */
export function entryOf(event: RecordedEvent): Entry {
  if (!isEventType(event.type))
    throw new Error(`event type ${event.type} at position ${event.position} has no audit entry`);
  const meaning = (meanings[event.type] as (known: RecordedEvent) => Meaning)(event);
  const { actor, requestId, contextCommitment, traceparent } = event.meta;
  return {
    id: event.id.replace(/^evt_/, 'aud_'),
    position: event.position,
    version: 1,
    at: event.at,
    orgId: event.orgId,
    spaceId: meaning.spaceId ?? null,
    namespace: meaning.namespace,
    action: meaning.action,
    actor: { type: actor.type, id: actor.id },
    targets: meaning.targets,
    outcome: meaning.outcome ?? 'success',
    reason: meaning.reason ?? null,
    before: meaning.before ?? null,
    after: meaning.after ?? null,
    requestId,
    traceId: traceIdOf(traceparent),
    commitment: contextCommitment,
  };
}

function membership(data: { spaceId: string; accountId: string }): Omit<Meaning, 'action'> {
  return { namespace: 'Directory', targets: [account(data.accountId), space(data.spaceId)], spaceId: data.spaceId };
}

function pick<T extends object, K extends keyof T & string>(source: T, ...names: K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, source[name]])) as Pick<T, K>;
}

/** The trace id of a W3C traceparent (`00-<32 hex>-<16 hex>-<2 hex>`); null when there is none. */
function traceIdOf(traceparent: string | null): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1] ?? null;
}
