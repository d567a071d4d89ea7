import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import { RawPage } from '../raw-page.ts';
import { atLeast, Instant, Line, listQuery, OrgId, page, SpaceId } from '../values.ts';

export const auditNamespaces = ['API Tokens', 'Directory', 'Billing', 'Security'] as const;
export type AuditNamespace = (typeof auditNamespaces)[number];

const AuditEntryId = z.string().regex(/^aud_[0-9a-f]{32}$/, 'must look like aud_… as Tollgate returned it');
/** Entries of a tree. */
const TreeSize = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Base64 of 32 bytes. */
const Hash = z.string();

/** One entry per event. Names, IP and user agent are joined at read and are not part of the proven record. */
export const AuditEntry = z
  .object({
    id: z.string(),
    position: z.number().int(),
    /** Place among the organization's entries: 0, 1, 2 … */
    index: z.number().int(),
    /** Of the record's shape and of what the action means. */
    version: z.number().int(),
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
      /** Base64 SHA-256 over a salt, IP and user agent: binds them to the record, which outlives them. */
      commitment: z.string().nullable(),
    }),
  })
  .meta({
    example: {
      id: 'aud_4f9d2f0c8b7a4e5d9c1b0a2f3e4d5c6b',
      position: 1234,
      index: 7,
      version: 1,
      at: '2027-01-14T09:30:00.000Z',
      orgId: exampleIds.org,
      spaceId: null,
      namespace: 'API Tokens',
      action: 'token.revoked',
      actor: { type: 'account', id: exampleIds.account, name: 'Ada Lovelace' },
      targets: [{ type: 'token', id: exampleIds.token, name: 'My Claude Connection' }],
      outcome: 'success',
      reason: 'no longer needed',
      before: { status: 'active' },
      after: { status: 'revoked' },
      context: {
        requestId: '8f14e45f-ceea-467f-a9d1-3f2b6c1d7e55',
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        ip: '203.0.113.7',
        userAgent: 'curl/8.5.0',
        commitment: 'qLmkm4VRpkVXXYPsL1rEtWkkYKQN7PhzW4ANmDt6kxc=',
      },
    },
  });
export type AuditEntry = z.infer<typeof AuditEntry>;

const readers = ['owner', 'admin', 'scope:audit:read'] as const;
const query = { service: 'audit-projector', kind: 'query', who: readers } as const;

const filters = {
  namespace: z.enum(auditNamespaces).optional(),
  /** The whole action or its beginning: `token.` */
  action: Line(100).optional(),
  /** An id of who did it. */
  actor: Line(100).optional(),
  /** An id of what it was done to. */
  target: Line(100).optional(),
  spaceId: SpaceId.optional(),
  outcome: z.enum(['success', 'refused']).optional(),
  from: Instant.optional(),
  to: Instant.optional(),
  /** Words, all of which an entry has; `claude*` is any word that begins so. Names of people are not searched. */
  q: Line(200).optional(),
};

export const auditList = operation({
  ...query,
  name: 'audit.list',
  summary: 'Search the audit log, newest first',
  http: { method: 'GET', path: '/v1/orgs/:org/audit' },
  input: z.strictObject({ org: OrgId, ...filters, ...listQuery, atLeast }),
  output: page(AuditEntry),
  errors: ['INVALID_CURSOR'],
  example: { input: { namespace: 'API Tokens', action: 'token.', from: '2027-01-01T00:00:00.000Z', q: 'claude*' } },
});

/** `ndjson` alone carries proofs; `ocsf` is a line of JSON for each entry, as an event of OCSF 1.3. */
export const auditExportFormats = ['ndjson', 'csv', 'ocsf'] as const;

/** An id of Tollgate's: a person's name or address is none. */
const KnownId = z.string().regex(/^[a-z]{3}_[0-9a-z]{1,40}$/);

/**
 * The filter of an export as it is recorded for ever. What was typed freely may be about a person: of such fields the log keeps
 * ids of Tollgate's own, and otherwise only that there was something.
 */
export const AuditExportFilter = z.object({
  namespace: z.enum(auditNamespaces).optional(),
  outcome: z.enum(['success', 'refused']).optional(),
  spaceId: SpaceId.optional(),
  from: Instant.optional(),
  to: Instant.optional(),
  actor: KnownId.optional(),
  target: KnownId.optional(),
  /** Fields that were given and are not kept. */
  others: z.array(z.enum(['action', 'actor', 'target', 'q'])),
});
export type AuditExportFilter = z.infer<typeof AuditExportFilter>;

/** The end is fixed when the export begins: at the tree size that the header `Tollgate-Checkpoint-Size` names. */
export const auditExport = operation({
  ...query,
  name: 'audit.export',
  summary: 'Export the audit log, oldest first, each entry of NDJSON with its proof',
  http: { method: 'GET', path: '/v1/orgs/:org/audit/export', raw: ['application/x-ndjson', 'text/csv'] },
  input: z.strictObject({
    org: OrgId,
    format: z.enum(auditExportFormats).default('ndjson'),
    ...filters,
    cursor: listQuery.cursor,
    atLeast,
  }),
  output: RawPage,
  errors: ['INVALID_CURSOR'],
  example: { input: { format: 'ndjson', from: '2027-01-01T00:00:00.000Z' } },
});

/** The header that says at which size of the tree an export ends. */
export const checkpointSizeHeader = 'tollgate-checkpoint-size';

export const auditProof = operation({
  ...query,
  name: 'audit.proof',
  summary: 'Prove that an entry stands in the audit log (RFC 6962 inclusion proof)',
  http: { method: 'GET', path: '/v1/orgs/:org/audit/:id/proof' },
  input: z.strictObject({ org: OrgId, id: AuditEntryId, size: TreeSize.optional(), atLeast }),
  output: z.object({
    id: z.string(),
    index: z.number().int(),
    size: z.number().int(),
    leaf: Hash,
    path: z.array(Hash),
    /** The signed note of that size. */
    checkpoint: z.string(),
  }),
  example: {
    input: { id: 'aud_4f9d2f0c8b7a4e5d9c1b0a2f3e4d5c6b' },
    output: {
      id: 'aud_4f9d2f0c8b7a4e5d9c1b0a2f3e4d5c6b',
      index: 7,
      size: 8,
      leaf: 'qLmkm4VRpkVXXYPsL1rEtWkkYKQN7PhzW4ANmDt6kxc=',
      path: ['X2y5m1m0Yb7rE9dTq2l6m1eG8sZ3a4P5u6v7w8x9y0A='],
      checkpoint:
        'tollgate-audit/org_01jd0000000000000000000000\n8\nqLmkm4VRpkVXXYPsL1rEtWkkYKQN7PhzW4ANmDt6kxc=\n\n— …\n',
    },
  },
});

export const auditConsistency = operation({
  ...query,
  name: 'audit.consistency',
  summary: 'Prove that the audit log of one size is the beginning of that of another (RFC 6962 consistency proof)',
  http: { method: 'GET', path: '/v1/orgs/:org/audit/consistency' },
  input: z.strictObject({ org: OrgId, from: TreeSize, to: TreeSize, atLeast }),
  output: z.object({ from: z.number().int(), to: z.number().int(), path: z.array(Hash) }),
  example: {
    input: { from: 4, to: 8 },
    output: { from: 4, to: 8, path: ['qLmkm4VRpkVXXYPsL1rEtWkkYKQN7PhzW4ANmDt6kxc='] },
  },
});

export const auditCheckpoint = operation({
  ...query,
  name: 'audit.checkpoint',
  summary: 'The signed checkpoint of the audit log at a size, by default the newest',
  http: { method: 'GET', path: '/v1/orgs/:org/audit/checkpoint', raw: ['text/plain'] },
  input: z.strictObject({ org: OrgId, size: TreeSize.optional(), atLeast }),
  output: RawPage,
});

export const auditPublicKey = operation({
  ...query,
  name: 'audit.public-key',
  summary: 'The key that checkpoints are signed with, for whoever checks them',
  http: { method: 'GET', path: '/v1/audit/public-key' },
  who: ['operator', 'scope:audit:read'],
  input: z.strictObject({}),
  output: z.object({ key: z.string() }),
  example: { output: { key: 'tollgate+…' } },
});

export const auditWitnessKey = operation({
  ...query,
  name: 'audit.witness-key',
  summary: 'The key that the witness cosigns checkpoints with, as it reported it',
  http: { method: 'GET', path: '/v1/audit/witness-key' },
  who: ['operator', 'scope:audit:read'],
  input: z.strictObject({}),
  output: z.object({ key: z.string() }),
  example: { output: { key: 'tollgate-witness+…' } },
});
