import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import {
  AccountId,
  AgentId,
  atLeast,
  Barrier,
  listQuery,
  Name,
  OrgId,
  page,
  Position,
  Reason,
  TeamId,
  TokenId,
  TokenScope,
} from '../values.ts';
import { Token } from './tokens.ts';

/** A program that the platform runs for an account, with a token that nobody changes by hand. */
export const Agent = z
  .object({
    id: AgentId,
    orgId: OrgId,
    name: z.string(),
    status: z.enum(['active', 'inactive', 'retired', 'expired']),
    tokenId: TokenId,
    accountId: AccountId,
    scope: TokenScope,
    teamId: z.string().nullable(),
    billable: z.boolean(),
    publicKey: z.string().nullable(),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.agent,
      orgId: exampleIds.org,
      name: 'Nightly report',
      status: 'active',
      tokenId: exampleIds.token,
      accountId: exampleIds.account,
      scope: { type: 'multi-space' },
      teamId: null,
      billable: false,
      publicKey: null,
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Agent = z.infer<typeof Agent>;

const provisioned = z.object({
  agent: Agent,
  token: Token,
  /** In clear, when no public key was given; in this answer and never again. */
  secret: z.string().nullable().optional(),
  /** Encrypted to the agent's public key: a JWE in compact form (RFC 7516). */
  sealedSecret: z.string().nullable().optional(),
  secretAlreadyShown: z.literal(true).optional(),
  position: Position,
});

const one = { org: OrgId, agt: AgentId };

export const agentsCreate = operation({
  name: 'agents.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Create a managed agent and its token, delivered once: in the answer, or sealed to a public key',
  http: { method: 'POST', path: '/v1/orgs/:org/agents', status: 201 },
  who: ['owner', 'admin'],
  input: z.strictObject({
    org: OrgId,
    name: Name,
    accountId: AccountId,
    scope: TokenScope,
    teamId: TeamId.optional(),
    /** Whether the agent's seat is billed. */
    billable: z.boolean().default(false),
    /** A public JWK as JSON text, or a PEM of SubjectPublicKeyInfo: EC P-256, P-384, P-521, X25519 or RSA from 2048 bits. */
    publicKey: z.string().min(1).max(5000).optional(),
  }),
  output: provisioned,
  errors: ['UNKNOWN_REFERENCE', 'ACCOUNT_DEACTIVATED', 'NOT_A_MEMBER', 'PUBLIC_KEY_UNUSABLE'],
});

export const agentsList = operation({
  name: 'agents.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List the managed agents of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/agents' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Agent),
});

export const agentsRotate = operation({
  name: 'agents.rotate',
  service: 'token-command',
  kind: 'command',
  summary: "Replace the secret of an agent's token; the old one is refused when this answers",
  http: { method: 'POST', path: '/v1/orgs/:org/agents/:agt/rotate' },
  who: ['owner', 'admin'],
  input: z.strictObject({
    ...one,
    reason: Reason.optional(),
    overlapSeconds: z.number().int().min(0).max(604_800).default(0),
  }),
  output: provisioned.extend({ barrier: Barrier }),
  errors: ['TOKEN_REVOKED', 'TOKEN_EXPIRED'],
  narrowing: true,
  example: { input: { reason: 'rotation' } },
});

export const agentsRetire = operation({
  name: 'agents.retire',
  service: 'token-command',
  kind: 'command',
  summary: 'Retire an agent: its token is revoked',
  http: { method: 'POST', path: '/v1/orgs/:org/agents/:agt/retire' },
  who: ['owner', 'admin'],
  input: z.strictObject({ ...one, reason: Reason.optional() }),
  output: z.object({ agent: Agent, token: Token, position: Position, barrier: Barrier }),
  errors: ['TOKEN_EXPIRED'],
  narrowing: true,
  example: { input: { reason: 'no longer needed' } },
});
