import { z } from 'zod';
import { operation } from '../operation.ts';

/** What one reported text turned out to be, in the shape of the public secret-scanning partner programme. */
export const LeakLabel = z
  .object({
    /** SHA-256 of the reported text, lower-case hex. */
    token_hash: z.string(),
    token_type: z.string(),
    label: z.enum(['true_positive', 'false_positive']),
  })
  .meta({
    example: {
      token_hash: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
      token_type: 'tollgate_agent_token',
      label: 'true_positive',
    },
  });

/**
 * The body is a list, as secret scanners send it; over the bus it is the field `reports`.
 * https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program
 */
export const leaksReport = operation({
  name: 'leaks.report',
  service: 'token-command',
  kind: 'command',
  summary: 'Report secrets found in the open: live tokens are revoked or deactivated, as their organization has chosen',
  http: { method: 'POST', path: '/v1/leaks', listField: 'reports' },
  who: ['scope:leaks:report'],
  input: z.strictObject({
    reports: z
      .array(
        z.strictObject({
          token: z.string().max(4096),
          type: z.string().max(200),
          url: z.string().max(2000),
          source: z.string().min(1).max(200),
        }),
      )
      .min(1)
      .max(100),
  }),
  output: z.array(LeakLabel),
  example: {
    input: {
      reports: [
        { token: 'sk_live_…', type: 'tollgate_agent_token', url: 'https://git.example/commit/1', source: 'content' },
      ],
    },
  },
});
