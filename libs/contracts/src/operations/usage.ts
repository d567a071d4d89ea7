import { z } from 'zod';
import { operation } from '../operation.ts';
import { AccountId, AccountKind, Environment, Instant, OrgId, ProductKey, TokenId, TokenScope } from '../values.ts';
import { decisionReasons } from './verifier.ts';

/** From verifiers to token-command: what was done with tokens, and what their bearers may learn about them. */
const internal = { service: 'token-command', who: ['caller'], internal: true } as const;

/** A random name of one verifier process. */
const Incarnation = z.string().min(16).max(64);

export const tokensDescribe = operation({
  ...internal,
  name: 'tokens.describe',
  kind: 'query',
  summary: 'Who a token is, for its bearer',
  input: z.strictObject({ org: OrgId, tok: TokenId }),
  output: z.object({
    name: z.string(),
    organization: z.object({ id: OrgId, name: z.string() }),
    account: z.object({ id: AccountId, kind: AccountKind, name: z.string().nullable() }),
    scope: TokenScope,
    product: ProductKey,
    environment: Environment.nullable(),
  }),
});

/** How many tokens one report counts at most: with it the message stays far below what NATS takes. */
export const usageReportTokensMax = 1000;

const column = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(usageReportTokensMax);
const UnixMs = z.number().int().nonnegative();

/**
 * Counts since the last report of the same incarnation. `sequence` is 1, 2, 3 … for each incarnation: a report is repeated
 * unchanged until it is answered, and counts once.
 *
 * It is a table in columns, an entry in each for every token: busy verifiers report thousands of tokens a second, and columns
 * take a quarter of the time to write, to check and to store.
 */
export const usageReport = operation({
  ...internal,
  name: 'usage.report',
  kind: 'command',
  summary: 'Add a batch of usage counts of one verifier',
  input: z
    .strictObject({
      incarnation: Incarnation,
      sequence: z.number().int().positive(),
      orgs: column(OrgId),
      tokens: column(TokenId),
      /** Verifications that were accepted. */
      calls: column(z.number().int().positive()),
      /** Authority time, Unix milliseconds. */
      lastUsedMs: column(UnixMs),
      /** Of the secret before, if it was used during its overlap. */
      previousUsedMs: column(UnixMs.nullable()),
    })
    .refine(
      ({ orgs, tokens, calls, lastUsedMs, previousUsedMs }) =>
        [orgs, calls, lastUsedMs, previousUsedMs].every(({ length }) => length === tokens.length),
      'must have columns of the same length',
    ),
  output: z.object({
    /** False for a repetition: it had been counted before. */
    applied: z.boolean(),
  }),
});

/**
 * A message of the stream `TOLLGATE_USAGE`: what one verifier process counted since its batch before. `sequence` is 1, 2, 3 …
 * for each `verifier`. A batch may come again (message id `verifier:sequence`; keep the pairs you have seen), and one may be
 * missing after a crash, which shows as a hole; `usageCount` of a token is the sum of all.
 */
export interface UsageBatch {
  readonly verifier: string;
  readonly sequence: number;
  readonly tokens: readonly {
    readonly orgId: string;
    readonly tokenId: string;
    /** Verifications that were accepted. */
    readonly calls: number;
    /** Authority time, RFC 3339 UTC. */
    readonly lastUsedAt: string;
    /** Of the secret before, if it was used during its overlap. */
    readonly previousUsedAt: string | null;
  }[];
}

export const securityReportAttempts = operation({
  ...internal,
  name: 'security.report-attempts',
  kind: 'command',
  summary: 'Record attempts with known tokens that one verifier refused',
  input: z.strictObject({
    incarnation: Incarnation,
    attempts: z
      .array(
        z.strictObject({
          org: OrgId,
          tok: TokenId,
          reason: z.enum(decisionReasons),
          /** The beginning of the minute in which they were, authority time. */
          minute: Instant,
          count: z.number().int().positive(),
          /** Another one for each report of an incarnation; a repetition has the same part and is recorded once. */
          part: z.number().int().positive(),
        }),
      )
      .min(1)
      .max(100),
  }),
  output: z.object({ recorded: z.number().int() }),
});
