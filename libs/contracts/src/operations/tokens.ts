import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import {
  AccountId,
  AgentId,
  AccountKind,
  atLeast,
  Barrier,
  Environment,
  Instant,
  Line,
  listQuery,
  Name,
  OrgId,
  page,
  Position,
  ProductKey,
  Reason,
  SecretHint,
  TeamId,
  ScopeType,
  TokenId,
  TokenScope,
  TokenStatus,
} from '../values.ts';

export const Token = z
  .object({
    id: TokenId,
    orgId: OrgId,
    name: z.string(),
    status: TokenStatus,
    account: z.object({ id: AccountId, kind: AccountKind, name: z.string().nullable() }),
    scope: TokenScope,
    product: ProductKey,
    environment: Environment.nullable(),
    teamId: z.string().nullable(),
    managed: z.boolean(),
    /** The managed agent whose token this is; null for tokens that people manage. */
    agentId: AgentId.nullable(),
    /** The first 8 characters of the secret. */
    prefix: z.string(),
    hint: z.string(),
    /** The secret before, while an overlap lets it hold as well, and when it was last used: then nobody needs it any more. */
    overlap: z.object({ hint: z.string(), until: z.string(), lastUsedAt: z.string().nullable() }).nullable(),
    expiresAt: z.string().nullable(),
    createdAt: z.string(),
    createdBy: z.string(),
    lastUsedAt: z.string().nullable(),
    usageCount: z.number().int(),
    version: z.number().int(),
    seat: z.object({ billable: z.boolean(), since: z.string() }),
  })
  .meta({
    example: {
      id: exampleIds.token,
      orgId: exampleIds.org,
      name: 'My Claude Connection',
      status: 'active',
      account: { id: exampleIds.account, kind: 'service', name: 'n8n' },
      scope: { type: 'multi-space' },
      product: 'default',
      environment: 'live',
      teamId: null,
      managed: false,
      agentId: null,
      prefix: 'sk_live_',
      hint: 'sk_live_...9f3c',
      overlap: null,
      expiresAt: null,
      createdAt: '2027-01-14T09:30:00.000Z',
      createdBy: exampleIds.account,
      lastUsedAt: '2027-01-15T17:02:11.480Z',
      usageCount: 42,
      version: 1,
      seat: { billable: true, since: '2027-01-14T09:30:00.000Z' },
    },
  });
export type Token = z.infer<typeof Token>;

const writers = ['owner', 'admin'] as const;
const one = { org: OrgId, tok: TokenId };

/** `secret` is shown in this answer and never again. */
const withSecret = z.object({
  token: Token,
  secret: z.string().nullable(),
  /** Only in the replay of an `Idempotency-Key`: the first answer showed the secret. */
  secretAlreadyShown: z.literal(true).optional(),
  position: Position,
});
const narrowed = z.object({ token: Token, position: Position, barrier: Barrier });

export const tokensCreate = operation({
  name: 'tokens.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Create a token. Its secret is in this answer and nowhere else; it opens a billed seat',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens', status: 201 },
  who: writers,
  input: z.strictObject({
    org: OrgId,
    name: Name,
    accountId: AccountId,
    scope: TokenScope,
    product: ProductKey.default('default'),
    environment: Environment.optional(),
    teamId: TeamId.optional(),
    expiresAt: Instant.optional(),
    acknowledgeBilling: z.boolean().optional(),
  }),
  output: withSecret,
  errors: [
    'BILLING_NOT_ACKNOWLEDGED',
    'EXPIRY_IN_PAST',
    'UNKNOWN_REFERENCE',
    'ACCOUNT_DEACTIVATED',
    'NOT_A_MEMBER',
    'ENVIRONMENT_UNKNOWN',
  ],
  example: {
    input: {
      name: 'My Claude Connection',
      scope: { type: 'multi-space' },
      acknowledgeBilling: true,
    },
  },
});

export const tokensList = operation({
  name: 'tokens.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List tokens: all for owners and admins, their own for members',
  http: { method: 'GET', path: '/v1/orgs/:org/tokens' },
  who: ['owner', 'admin', 'member'],
  input: z.strictObject({
    org: OrgId,
    status: TokenStatus.optional(),
    /** Case- and accent-insensitive, the beginning of any word of the name. */
    search: Line(200).optional(),
    accountId: AccountId.optional(),
    scope: ScopeType.optional(),
    product: ProductKey.optional(),
    /** Tokens that existed by then and were not used since. */
    unusedSince: Instant.optional(),
    sort: z.enum(['createdAt', '-createdAt', 'name', '-name']).default('-createdAt'),
    ...listQuery,
    atLeast,
  }),
  output: page(Token),
  example: { input: { status: 'active', search: 'claude', sort: 'name' } },
});

export const tokensGet = operation({
  name: 'tokens.get',
  service: 'token-command',
  kind: 'query',
  summary: 'Read a token',
  http: { method: 'GET', path: '/v1/orgs/:org/tokens/:tok' },
  who: ['owner', 'admin', 'member'],
  input: z.strictObject({ ...one, atLeast }),
  output: Token,
});

export const tokensUpdate = operation({
  name: 'tokens.update',
  service: 'token-command',
  kind: 'command',
  summary: 'Rename a token, reassign it to another account, change its team or expiry',
  http: { method: 'PATCH', path: '/v1/orgs/:org/tokens/:tok' },
  who: writers,
  input: z.strictObject({
    ...one,
    name: Name.optional(),
    accountId: AccountId.optional(),
    /** null takes the token out of its team. */
    teamId: TeamId.nullable().optional(),
    /** null: it never expires. */
    expiresAt: Instant.nullable().optional(),
    /** Named here so that the refusal can say what to do instead. */
    scope: z.unknown().optional(),
    product: z.unknown().optional(),
  }),
  output: narrowed,
  errors: [
    'SCOPE_IMMUTABLE',
    'EXPIRY_IN_PAST',
    'UNKNOWN_REFERENCE',
    'ACCOUNT_DEACTIVATED',
    'NOT_A_MEMBER',
    'MANAGED_TOKEN',
    'TOKEN_REVOKED',
    'TOKEN_EXPIRED',
    'VERSION_MISMATCH',
  ],
  narrowing: true,
  example: { input: { name: 'Claude of the support team', expiresAt: '2027-12-31T23:00:00.000Z' } },
});

export const tokensRegenerate = operation({
  name: 'tokens.regenerate',
  service: 'token-command',
  kind: 'command',
  summary: 'Replace the secret. The old one is refused by every verifier when this answers',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/:tok/regenerate' },
  who: writers,
  input: z.strictObject({
    ...one,
    reason: Reason.optional(),
    /** How long the secret before holds as well: 0 (the default) to 7 days. */
    overlapSeconds: z.number().int().min(0).max(604_800).default(0),
  }),
  output: withSecret.extend({ barrier: Barrier }),
  errors: ['TOKEN_REVOKED', 'TOKEN_EXPIRED', 'VERSION_MISMATCH'],
  narrowing: true,
  example: { input: { reason: 'rotation', overlapSeconds: 3600 } },
});

export const tokensEndOverlap = operation({
  name: 'tokens.end-overlap',
  service: 'token-command',
  kind: 'command',
  summary: 'End the overlap of a regenerated token: the secret before is refused from now on',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/:tok/end-overlap' },
  who: writers,
  input: z.strictObject({ ...one, reason: Reason.optional() }),
  output: narrowed,
  errors: ['TOKEN_REVOKED', 'TOKEN_EXPIRED', 'MANAGED_TOKEN', 'VERSION_MISMATCH'],
  narrowing: true,
  example: { input: { reason: 'everybody has changed over' } },
});

export const tokensDeactivate = operation({
  name: 'tokens.deactivate',
  service: 'token-command',
  kind: 'command',
  summary: 'Make a token refuse calls until it is activated again',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/:tok/deactivate' },
  who: writers,
  input: z.strictObject({ ...one, reason: Reason.optional() }),
  output: narrowed,
  errors: ['TOKEN_REVOKED', 'TOKEN_EXPIRED', 'VERSION_MISMATCH'],
  narrowing: true,
  example: { input: { reason: 'under review' } },
});

export const tokensActivate = operation({
  name: 'tokens.activate',
  service: 'token-command',
  kind: 'command',
  summary: 'Make an inactive token hold again',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/:tok/activate' },
  who: writers,
  input: z.strictObject({ ...one, reason: Reason.optional() }),
  output: z.object({ token: Token, position: Position }),
  errors: ['TOKEN_REVOKED', 'TOKEN_EXPIRED', 'VERSION_MISMATCH'],
  example: { input: { reason: 'review done' } },
});

export const tokensRevoke = operation({
  name: 'tokens.revoke',
  service: 'token-command',
  kind: 'command',
  summary: 'Revoke a token for good. No verifier accepts it when this answers',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/:tok/revoke' },
  who: writers,
  input: z.strictObject({ ...one, reason: Reason.optional() }),
  output: narrowed,
  errors: ['TOKEN_EXPIRED', 'VERSION_MISMATCH'],
  narrowing: true,
  example: { input: { reason: 'no longer needed' } },
});

/** A key of an older system: its digest, never the key. */
export const ImportedToken = z.strictObject({
  name: Name,
  accountId: AccountId,
  scope: TokenScope,
  /** SHA-256 of the key's text in lower-case hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/, 'must be SHA-256 in lower-case hex'),
  hint: SecretHint,
  expiresAt: Instant.optional(),
  acknowledgeBilling: z.boolean().optional(),
});

export const tokensImport = operation({
  name: 'tokens.import',
  service: 'token-command',
  kind: 'command',
  summary: 'Take over keys of an older system by their digests, up to 1,000, all or nothing',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/import', status: 201 },
  who: ['owner'],
  timeoutMs: 60_000,
  input: z.strictObject({ org: OrgId, tokens: z.array(ImportedToken).min(1).max(1000) }),
  output: z.object({ tokens: z.array(Token), position: Position }),
  errors: [
    'BILLING_NOT_ACKNOWLEDGED',
    'EXPIRY_IN_PAST',
    'UNKNOWN_REFERENCE',
    'ACCOUNT_DEACTIVATED',
    'NOT_A_MEMBER',
    'DIGEST_IN_USE',
  ],
  example: {
    input: {
      tokens: [
        {
          name: 'Key of the old system',
          accountId: exampleIds.account,
          scope: { type: 'multi-space' },
          digest: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
          hint: 'old_...7c21',
          acknowledgeBilling: true,
        },
      ],
    },
  },
});

export const tokensRevokeAll = operation({
  name: 'tokens.revoke-all',
  service: 'token-command',
  kind: 'command',
  summary: 'Revoke every token that matches, under one barrier; dryRun only lists them',
  http: { method: 'POST', path: '/v1/orgs/:org/tokens/revoke-all' },
  who: ['owner'],
  input: z.strictObject({
    org: OrgId,
    accountId: AccountId.optional(),
    /** Created before this instant. */
    createdBefore: Instant.optional(),
    search: Line(200).optional(),
    dryRun: z.boolean().default(false),
    reason: Reason.optional(),
  }),
  output: z.object({
    items: z.array(Token),
    dryRun: z.boolean(),
    /** More than 1,000 match: call again for the rest. */
    more: z.boolean(),
    position: Position.optional(),
    barrier: Barrier.optional(),
  }),
  narrowing: true,
  example: { input: { search: 'claude', dryRun: true } },
});

export const tokensDelete = operation({
  name: 'tokens.delete',
  service: 'token-command',
  kind: 'command',
  summary: 'Refused: tokens are revoked, not deleted',
  http: { method: 'DELETE', path: '/v1/orgs/:org/tokens/:tok' },
  who: ['owner', 'admin', 'member'],
  input: z.strictObject(one),
  output: z.never(),
  errors: ['TOKENS_ARE_REVOKED_NOT_DELETED'],
});
