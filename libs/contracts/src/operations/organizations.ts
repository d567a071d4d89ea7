import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import {
  AuditRetentionDays,
  BillingInterval,
  BillingTerms,
  CurrencyCode,
  Instant,
  LeakResponse,
  Name,
  OrgId,
  Plan,
  Position,
  ProrationPolicy,
  TimeZone,
  WebUrl,
} from '../values.ts';

export const Organization = z
  .object({
    id: OrgId,
    name: z.string(),
    plan: Plan,
    currency: z.string(),
    timeZone: z.string(),
    billing: BillingTerms,
    mcpUrl: z.string().nullable(),
    /** What happens to a token whose secret was found in the open. */
    leakResponse: LeakResponse,
    /** After how many days entries of the audit log lose their contents; null: never. */
    auditRetentionDays: AuditRetentionDays,
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.org,
      name: 'Acme',
      plan: 'pro',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      billing: { anchor: '2026-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' },
      mcpUrl: 'https://mcp.acme.example/mcp',
      leakResponse: 'revoke',
      auditRetentionDays: null,
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Organization = z.infer<typeof Organization>;

const answer = z.object({ org: Organization, position: Position });

export const orgsCreate = operation({
  name: 'orgs.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Register an organization',
  http: { method: 'POST', path: '/v1/orgs', status: 201 },
  who: ['operator'],
  input: z.strictObject({
    name: Name,
    plan: Plan,
    currency: CurrencyCode,
    timeZone: TimeZone,
    billing: z
      .strictObject({
        anchor: Instant.optional(),
        interval: BillingInterval.default('P1M'),
        policy: ProrationPolicy.default('second.v1'),
      })
      .optional(),
    mcpUrl: WebUrl.optional(),
  }),
  output: answer,
  example: { input: { name: 'Acme', plan: 'pro', currency: 'EUR', timeZone: 'Europe/Berlin' } },
});

export const orgsGet = operation({
  name: 'orgs.get',
  service: 'token-command',
  kind: 'query',
  summary: 'Read an organization',
  http: { method: 'GET', path: '/v1/orgs/:org' },
  who: ['operator', 'owner', 'admin', 'member'],
  input: z.strictObject({ org: OrgId }),
  output: Organization,
});

export const orgsUpdate = operation({
  name: 'orgs.update',
  service: 'token-command',
  kind: 'command',
  summary: 'Rename an organization, or change the MCP server that its tokens reach',
  http: { method: 'PATCH', path: '/v1/orgs/:org' },
  who: ['operator', 'owner'],
  input: z.strictObject({
    org: OrgId,
    name: Name.optional(),
    /** null: its tokens reach the MCP server of their product. */
    mcpUrl: WebUrl.nullable().optional(),
  }),
  output: answer,
  errors: ['VERSION_MISMATCH'],
  example: { input: { mcpUrl: 'https://mcp.acme.example/mcp' } },
});

export const orgsChangePlan = operation({
  name: 'orgs.change-plan',
  service: 'token-command',
  kind: 'command',
  summary: 'Change the plan of an organization',
  http: { method: 'POST', path: '/v1/orgs/:org/plan' },
  who: ['operator', 'owner'],
  input: z.strictObject({ org: OrgId, plan: Plan }),
  output: answer,
});

export const orgsSetLeakResponse = operation({
  name: 'orgs.set-leak-response',
  service: 'token-command',
  kind: 'command',
  summary: 'Choose what happens to a token whose secret was found in the open: revoke (the default) or deactivate',
  http: { method: 'PUT', path: '/v1/orgs/:org/leak-response' },
  who: ['owner'],
  input: z.strictObject({ org: OrgId, response: LeakResponse }),
  output: answer,
  errors: ['VERSION_MISMATCH'],
  example: { input: { response: 'deactivate' } },
});

export const orgsSetAuditRetention = operation({
  name: 'orgs.set-audit-retention',
  service: 'token-command',
  kind: 'command',
  summary: 'Choose after how many days entries of the audit log lose their contents; their hashes and proofs stay',
  http: { method: 'PUT', path: '/v1/orgs/:org/audit/retention' },
  who: ['owner'],
  input: z.strictObject({ org: OrgId, days: AuditRetentionDays }),
  output: answer,
  errors: ['VERSION_MISMATCH'],
  example: { input: { days: 400 } },
});
