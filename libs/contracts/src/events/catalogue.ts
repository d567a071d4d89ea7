import { z } from 'zod';
import {
  AccountId,
  AccountKind,
  AgentId,
  AuditRetentionDays,
  BillingTerms,
  CurrencyCode,
  Environment,
  LeakResponse,
  MicrosText,
  Permission,
  Plan,
  ProductKey,
  ProductResource,
  ProjectId,
  RoleName,
  ScopeType,
  SpaceId,
  SpendingCap,
  TeamId,
  TeamPolicy,
  TimeZone,
  TokenId,
  TokenScope,
} from '../values.ts';
import { AuditExportFilter, auditExportFormats } from '../operations/audit.ts';
import { decisionReasons } from '../operations/verifier.ts';
import type { NewEvent, RecordedEvent } from './envelope.ts';

const Instant = z.iso.datetime();
/** SHA-256 of a secret, lower-case hex. */
const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** The event types of a log. */
export type Catalogue = Readonly<
  Record<string, { readonly category: string; readonly version: number; readonly data: z.ZodType }>
>;

/** What may change of an organization or a product once it is registered. */
const Details = z.object({ name: z.string(), mcpUrl: z.string().nullable() });

/**
 * Every event type of the log `main`: the category of its stream, its newest version and its data.
 * A change of shape is a new version with an upcast in `upcasts.ts` and a golden file in `libs/contracts/golden/`.
 */
export const eventTypes = {
  // organization-<org>
  OrganizationRegistered: {
    category: 'organization',
    version: 1,
    data: z.object({
      name: z.string(),
      plan: Plan,
      currency: CurrencyCode,
      timeZone: TimeZone,
      billing: BillingTerms,
      mcpUrl: z.string().nullable(),
    }),
  },
  OrganizationDetailsChanged: {
    category: 'organization',
    version: 1,
    data: z.object({ name: z.string(), mcpUrl: z.string().nullable(), previous: Details }),
  },
  PlanChanged: { category: 'organization', version: 1, data: z.object({ plan: Plan, previous: Plan }) },
  LeakResponseChosen: {
    category: 'organization',
    version: 1,
    data: z.object({ response: LeakResponse, previous: LeakResponse }),
  },
  AuditRetentionSet: {
    category: 'organization',
    version: 1,
    data: z.object({ days: AuditRetentionDays, previous: AuditRetentionDays }),
  },
  // account-<acc>
  AccountCreated: {
    category: 'account',
    version: 1,
    data: z.object({ accountId: AccountId, kind: AccountKind, role: RoleName }),
  },
  AccountRoleChanged: {
    category: 'account',
    version: 1,
    data: z.object({ accountId: AccountId, role: RoleName, previous: RoleName }),
  },
  AccountDeactivated: { category: 'account', version: 1, data: z.object({ accountId: AccountId }) },
  AccountErased: { category: 'account', version: 1, data: z.object({ accountId: AccountId }) },
  // space-<spc>
  SpaceCreated: { category: 'space', version: 1, data: z.object({ spaceId: SpaceId, name: z.string() }) },
  // membership-<spc>.<acc>
  MembershipGranted: {
    category: 'membership',
    version: 1,
    data: z.object({
      spaceId: SpaceId,
      accountId: AccountId,
      permissions: z.array(Permission),
      administers: z.boolean(),
    }),
  },
  MembershipChanged: {
    category: 'membership',
    version: 1,
    data: z.object({
      spaceId: SpaceId,
      accountId: AccountId,
      permissions: z.array(Permission),
      administers: z.boolean(),
      previous: z.object({ permissions: z.array(Permission), administers: z.boolean() }),
    }),
  },
  MembershipRemoved: { category: 'membership', version: 1, data: z.object({ spaceId: SpaceId, accountId: AccountId }) },
  // team-<tea>
  TeamCreated: { category: 'team', version: 1, data: z.object({ teamId: TeamId, name: z.string() }) },
  TeamPolicySet: {
    category: 'team',
    version: 1,
    data: z.object({ teamId: TeamId, policy: TeamPolicy, previous: TeamPolicy }),
  },
  TeamProjectAdded: { category: 'team', version: 1, data: z.object({ teamId: TeamId, projectId: ProjectId }) },
  TeamProjectRemoved: { category: 'team', version: 1, data: z.object({ teamId: TeamId, projectId: ProjectId }) },
  // project-<prj>
  ProjectCreated: { category: 'project', version: 1, data: z.object({ projectId: ProjectId, name: z.string() }) },
  // product-<key>
  ProductRegistered: {
    category: 'product',
    version: 1,
    data: z.object({
      key: ProductKey,
      name: z.string(),
      tokenPrefix: z.string(),
      environments: z.array(Environment),
      mcpUrl: z.string().nullable(),
      resources: z.array(ProductResource),
    }),
  },
  ProductDetailsChanged: {
    category: 'product',
    version: 1,
    data: z.object({ key: ProductKey, name: z.string(), mcpUrl: z.string().nullable(), previous: Details }),
  },
  SeatPriceSet: {
    category: 'product',
    version: 1,
    data: z.object({
      product: ProductKey,
      plan: Plan,
      scope: ScopeType,
      /** Minor units per full period, as a digit string. */
      amount: z.string().regex(/^\d+$/),
      /** null: this amount in whatever currency the organization has (the starter prices). */
      currency: CurrencyCode.nullable(),
      effectiveFrom: Instant,
    }),
  },
  ToolPriceSet: {
    category: 'product',
    version: 1,
    data: z.object({ product: ProductKey, tool: z.string(), priceMicros: MicrosText, effectiveFrom: Instant }),
  },
  // token-<tok>
  TokenCreated: {
    category: 'token',
    version: 2,
    data: z.object({
      tokenId: TokenId,
      name: z.string(),
      accountId: AccountId,
      scope: TokenScope,
      product: ProductKey,
      /** null for a product without environments. */
      environment: Environment.nullable(),
      teamId: TeamId.nullable(),
      expiresAt: Instant.nullable(),
      digest: Digest,
      hint: z.string(),
      prefix: z.string(),
      managed: z.boolean(),
      billable: z.boolean(),
      /** Since version 2: the managed agent whose token this is. Its id has the token's characters: agt_… beside tok_… */
      agent: z.object({ id: AgentId, name: z.string(), publicKey: z.string().nullable() }).nullable(),
      /** Since version 2: the secret was made by an older system; only its digest came. */
      imported: z.boolean(),
    }),
  },
  TokenRenamed: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, name: z.string(), previous: z.string() }),
  },
  TokenReassigned: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, accountId: AccountId, previous: AccountId }),
  },
  TokenTeamChanged: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, teamId: TeamId.nullable(), previous: TeamId.nullable() }),
  },
  TokenExpiryChanged: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, expiresAt: Instant.nullable(), previous: Instant.nullable() }),
  },
  TokenRegenerated: {
    category: 'token',
    version: 2,
    data: z.object({
      tokenId: TokenId,
      digest: Digest,
      hint: z.string(),
      prefix: z.string(),
      previousDigest: Digest,
      reason: z.string().nullable(),
      /** Since version 2: until then the secret before holds as well; null: it ended with this event. */
      overlapUntil: Instant.nullable(),
    }),
  },
  /** The secret before stopped holding ahead of its time. */
  TokenOverlapEnded: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, digest: Digest, reason: z.string().nullable() }),
  },
  /** Somebody found the secret in the open. What was done about it follows in the same stream. */
  TokenLeaked: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, source: z.string(), url: z.string().nullable() }),
  },
  TokenDeactivated: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, reason: z.string().nullable() }),
  },
  TokenActivated: {
    category: 'token',
    version: 1,
    data: z.object({ tokenId: TokenId, reason: z.string().nullable() }),
  },
  TokenRevoked: { category: 'token', version: 1, data: z.object({ tokenId: TokenId, reason: z.string().nullable() }) },
  // balance-<org>
  /** Money that came in. A reference is booked once. */
  BalanceToppedUp: {
    category: 'balance',
    version: 1,
    data: z.object({ amountMicros: MicrosText, reference: z.string() }),
  },
  /** Whoever falls below it is told; null: nobody is. */
  LowBalanceThresholdSet: {
    category: 'balance',
    version: 1,
    data: z.object({ thresholdMicros: MicrosText.nullable(), previous: MicrosText.nullable() }),
  },
  /** What one token may spend; null: whatever the balance holds. */
  SpendingCapSet: {
    category: 'balance',
    version: 1,
    data: z.object({ tokenId: TokenId, cap: SpendingCap.nullable(), previous: SpendingCap.nullable() }),
  },
  // security-<org>.<tok>
  /** Verifications with a known token that one verifier refused. Several events may count one minute: each adds to it. */
  AttemptsRefused: {
    category: 'security',
    version: 1,
    data: z.object({
      tokenId: TokenId,
      reason: z.enum(decisionReasons),
      /** Where the minute begins. */
      minute: Instant,
      count: z.number().int().positive(),
    }),
  },
  // security-<org>.<reader>
  /** Pages of the audit log that somebody read. Several events may count one minute: each adds to it. */
  AuditRead: {
    category: 'security',
    version: 1,
    data: z.object({
      /** Where the minute begins. */
      minute: Instant,
      count: z.number().int().positive(),
    }),
  },
  /** The audit log was taken away, or the beginning of it was: recorded before the first line leaves. */
  AuditExported: {
    category: 'security',
    version: 1,
    data: z.object({
      format: z.enum(auditExportFormats),
      /** Entries of the tree that the export ends at. */
      size: z.number().int().nonnegative(),
      filter: AuditExportFilter,
    }),
  },
  // security-<org>.retention
  /** Retention: from here on the oldest entries of the organization's audit log have no contents. Their hashes stay. */
  AuditEntriesRemoved: {
    category: 'security',
    version: 1,
    data: z.object({
      /** How many have none, from the first one on. */
      entries: z.number().int().positive(),
      /** Of the last of them. */
      position: z.number().int().positive(),
      /** The retention that was set. */
      days: z.number().int().positive(),
    }),
  },
  // activity-<org>.<tok>
  /** What another service saw a token do. One event for each record. */
  ActivityRecorded: {
    category: 'activity',
    version: 1,
    data: z.object({
      tokenId: TokenId,
      /** Of the verification before it. */
      decisionId: z.string().nullable(),
      action: z.string(),
      outcome: z.enum(['success', 'refused']),
      reason: z.string().nullable(),
      target: z.object({ type: z.enum(['tool', 'api', 'resource']), id: z.string() }).nullable(),
      spaceId: SpaceId.nullable(),
      /** When it was done, as the service says. */
      doneAt: Instant.nullable(),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
      /** The subject of the service's JWT. */
      reportedBy: z.string(),
    }),
  },
  // clock-development
  ClockMoved: {
    category: 'clock',
    version: 1,
    data: z.object({ now: Instant, offsetMs: z.number().int().nonnegative() }),
  },
} as const satisfies Catalogue;

export type EventType = keyof typeof eventTypes;
export type EventData<T extends EventType> = z.output<(typeof eventTypes)[T]['data']>;

/** Events of the given types, as decided. */
export type TollgateEvent<T extends EventType = EventType> = { [K in T]: NewEvent<K, EventData<K>> }[T];
/** Events of the given types, in their place in the log. */
export type RecordedTollgateEvent<T extends EventType = EventType> = { [K in T]: RecordedEvent<K, EventData<K>> }[T];

/** The subject of an event in the stream `TOLLGATE_EVENTS`. `_` stands for the platform. */
export function eventSubject(event: Pick<RecordedEvent, 'orgId' | 'category' | 'type'>): string {
  return `tollgate.events.${event.orgId ?? '_'}.${event.category}.${event.type}`;
}
