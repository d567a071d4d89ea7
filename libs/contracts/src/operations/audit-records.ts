import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import { Instant, Line, OrgId, Reason, SpaceId, TokenId } from '../values.ts';

/** What Tollgate's own actions begin with: nobody else's may, so that a record cannot be taken for one of ours. */
export const ownActionCategories = [
  'account',
  'agent',
  'attempts',
  'audit',
  'balance',
  'billing',
  'charge',
  'clock',
  'credential',
  'leak_response',
  'membership',
  'organization',
  'period',
  'plan',
  'product',
  'project',
  'seat',
  'seat_price',
  'security',
  'space',
  'statement',
  'team',
  'token',
  'tool_price',
] as const;

/** `tool.called`, `api.document.read`. */
export const ReportedAction = z
  .string()
  .max(80)
  .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/, 'must be words in lower case joined by dots, such as tool.called')
  .refine(
    (action) => !ownActionCategories.some((category) => action.startsWith(`${category}.`)),
    "must not begin as Tollgate's own actions do; begin with what was used, such as tool. or api.",
  );

/** What was used. Never one of Tollgate's own things, whose names would be joined. */
export const ReportedTarget = z.strictObject({ type: z.enum(['tool', 'api', 'resource']), id: Line(200) });

const Detail = z.union([z.string().max(200), z.number(), z.boolean(), z.null()]);
export const ReportedDetails = z
  .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,39}$/, 'must be letters and digits, at most 40'), Detail)
  .refine((details) => Object.keys(details).length <= 20, 'must have at most 20 fields');

const decisionIdMax = 100;

export const auditRecord = operation({
  name: 'audit.record',
  service: 'token-command',
  kind: 'command',
  summary: 'Record what was done with tokens, in the audit log of their organization',
  http: { method: 'POST', path: '/v1/audit/records', status: 201 },
  who: ['scope:audit:write'],
  input: z.strictObject({
    /** All of tokens of one organization. */
    records: z
      .array(
        z.strictObject({
          /** Who did it: the token of a decision. */
          tokenId: TokenId,
          decisionId: Line(decisionIdMax).optional(),
          action: ReportedAction,
          outcome: z.enum(['success', 'refused']).default('success'),
          reason: Reason.optional(),
          target: ReportedTarget.optional(),
          spaceId: SpaceId.optional(),
          /** When it was done; the entry's own time is when it was recorded. */
          at: Instant.optional(),
          /** No personal data and no secret: what stands in the log stays there. */
          context: ReportedDetails.optional(),
        }),
      )
      .min(1)
      .max(100),
  }),
  output: z.object({ org: OrgId, recorded: z.number().int(), position: z.number().int() }),
  errors: ['UNKNOWN_REFERENCE', 'SECRET_IN_RECORD'],
  example: {
    input: {
      records: [
        {
          tokenId: exampleIds.token,
          decisionId: '0190c1d2-7a53-7bd0-9f3a-4f7f6c1a2b3c',
          action: 'tool.called',
          target: { type: 'tool', id: 'crm.search' },
          context: { durationMs: 120 },
        },
      ],
    },
    output: { org: exampleIds.org, recorded: 1, position: 4711 },
  },
});
