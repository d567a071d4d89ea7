import { z } from 'zod';
import { operation } from '../operation.ts';
import { atLeast, Instant, Line, listQuery, OrgId, page } from '../values.ts';

export const auditNamespaces = ['API Tokens', 'Directory', 'Billing', 'Security'] as const;
export type AuditNamespace = (typeof auditNamespaces)[number];

/** One entry per event. Names, IP and user agent are joined at read and are not part of the proven record. */
export const AuditEntry = z.object({
  id: z.string(),
  position: z.number().int(),
  /** Place among the organization's entries: 0, 1, 2 … */
  index: z.number().int(),
  at: z.string(),
  orgId: OrgId,
  spaceId: z.string().nullable(),
  namespace: z.enum(auditNamespaces),
  action: z.string(),
  actor: z.object({ type: z.string(), id: z.string(), name: z.string().nullable() }),
  targets: z.array(z.object({ type: z.string(), id: z.string(), name: z.string().nullable() })),
  outcome: z.enum(['success', 'refused']),
  reason: z.string().nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  context: z.object({
    requestId: z.string().nullable(),
    traceId: z.string().nullable(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
  }),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const auditList = operation({
  name: 'audit.list',
  service: 'audit-projector',
  kind: 'query',
  summary: 'Search the audit log, newest first',
  http: { method: 'GET', path: '/v1/orgs/:org/audit' },
  who: ['owner', 'admin', 'scope:audit:read'],
  input: z.strictObject({
    org: OrgId,
    namespace: z.enum(auditNamespaces).optional(),
    /** The whole action or its beginning: `token.` */
    action: Line(100).optional(),
    /** An id of who did it. */
    actor: Line(100).optional(),
    /** An id of what it was done to. */
    target: Line(100).optional(),
    outcome: z.enum(['success', 'refused']).optional(),
    from: Instant.optional(),
    to: Instant.optional(),
    ...listQuery,
    atLeast,
  }),
  output: page(AuditEntry),
  errors: ['INVALID_CURSOR'],
});
