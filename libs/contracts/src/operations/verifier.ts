import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import { AccountId, AccountKind, Environment, OrgId, ScopeType, SpaceId } from '../values.ts';

export const decisionCodes = [
  'OK',
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'SCOPE_DENIED',
  'PERMISSION_DENIED',
  'POLICY_DENIED',
  'INSUFFICIENT_BALANCE',
  'RATE_LIMITED',
  'UNDECIDABLE',
] as const;
export type DecisionCode = (typeof decisionCodes)[number];

/** What a decision rests on when it is not OK. For the calling service only, never for the bearer. */
export const decisionReasons = [
  'malformed',
  'unknown',
  'revoked',
  'superseded',
  'expired',
  'inactive',
  'account-deactivated',
  'environment',
  'product',
  'space',
  'permission',
  'project',
  'tool',
  'balance',
  'no-lease',
  'behind',
] as const;
export type DecisionReason = (typeof decisionReasons)[number];

/** The longest token, and the longest of the other texts of a request, in UTF-16 units. */
export const tokenMax = 4096;
export const textMax = 2000;
const text = z.string().max(textMax);

export const VerifyRequest = z.strictObject({
  /** An empty or absent token is a decision too: TOKEN_MISSING. */
  token: z.string().max(tokenMax).optional(),
  space: SpaceId.optional(),
  resource: text.optional(),
  operation: text.optional(),
  /** Instead of resource and operation: the HTTP method and path of the call. */
  method: text.optional(),
  path: text.optional(),
  project: text.optional(),
  tool: text.optional(),
  product: text.optional(),
  environment: Environment.optional(),
  costMicros: z
    .string()
    .regex(/^\d{1,20}$/, 'must be a digit string')
    .optional(),
  /** Waits up to 2 s until the verifier has applied this position. */
  atLeast: z.number().int().nonnegative().optional(),
  /** Asks the primary for its position first; needs no lease. */
  strict: z.boolean().optional(),
});
export type VerifyRequest = z.infer<typeof VerifyRequest>;

export const Decision = z
  .object({
    valid: z.boolean(),
    code: z.enum(decisionCodes),
    reason: z.enum(decisionReasons).optional(),
    tokenId: z.string().optional(),
    orgId: OrgId.optional(),
    account: z.object({ id: AccountId, kind: AccountKind }).optional(),
    scope: ScopeType.optional(),
    spaces: z.array(SpaceId).optional(),
    teamId: z.string().nullable().optional(),
    expiresAt: z.string().nullable().optional(),
    /** The token came with the secret before, which an overlap lets hold as well: its caller has not changed over yet. */
    previousSecret: z.literal(true).optional(),
    decisionId: z.string(),
    position: z.number().int(),
    leaseRemainingMs: z.number(),
  })
  .meta({
    example: {
      valid: true,
      code: 'OK',
      tokenId: exampleIds.token,
      orgId: exampleIds.org,
      account: { id: exampleIds.account, kind: 'service' },
      scope: 'multi-space',
      spaces: [exampleIds.space],
      teamId: null,
      expiresAt: null,
      decisionId: 'dec_01jd0000000000000000000000',
      position: 1234,
      leaseRemainingMs: 1720,
    },
  });
export type Decision = z.infer<typeof Decision>;

export const tokensVerify = operation({
  name: 'tokens.verify',
  service: 'auth-verifier',
  kind: 'query',
  summary: 'Does this token hold? 200 for every decision; 503 when it cannot be made',
  http: { method: 'POST', path: '/v1/verify', door: 'data' },
  who: ['scope:tokens:verify', 'caller'],
  input: VerifyRequest,
  output: Decision,
  errors: ['UNDECIDABLE', 'SPACE_REQUIRED'],
  example: { input: { token: 'sk_live_…', resource: 'agents', operation: 'list' } },
});

export const tokensVerifyBatch = operation({
  name: 'tokens.verify-batch',
  service: 'auth-verifier',
  kind: 'query',
  summary: 'Up to 100 decisions at once; an undecidable one among them is marked so',
  http: { method: 'POST', path: '/v1/verify/batch', door: 'data' },
  who: ['scope:tokens:verify', 'caller'],
  input: z.strictObject({ requests: z.array(VerifyRequest).min(1).max(100) }),
  output: z.object({ decisions: z.array(Decision) }),
});
