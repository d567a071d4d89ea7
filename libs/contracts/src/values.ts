import { z } from 'zod';
import { exampleIds } from './example.ts';

/** The digits of ids: Crockford base32 in lower case. */
export const idDigits = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id from the lowest 130 bits of a number. Of a token, whose id verifiers keep in 128, give no more than those. */
export function idFromBits(prefix: string, bits: bigint): string {
  let text = '';
  for (let count = 0; count < 26; count++, bits >>= 5n) text = idDigits[Number(bits & 31n)] + text;
  return `${prefix}_${text}`;
}

/** An id carries its kind as prefix and 26 characters of Crockford base32 (128 random bits with the time first). */
export const idPattern = (prefix: string) => new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`);
const id = (prefix: string, example: string) =>
  z.string().regex(idPattern(prefix), `must look like ${prefix}_… as Tollgate returned it`).meta({ example });
export const OrgId = id('org', exampleIds.org);
export const SpaceId = id('spc', exampleIds.space);
export const AccountId = id('acc', exampleIds.account);
export const TeamId = id('tea', exampleIds.team);
export const ProjectId = id('prj', exampleIds.project);
export const TokenId = id('tok', exampleIds.token);
export const AgentId = id('agt', exampleIds.agent);
export const LineId = id('lin', exampleIds.line);

/** Half of a surrogate pair has no UTF-8 form: JSON can spell it, and Postgres refuses it. */
const wellFormed = [(text: string) => text.isWellFormed(), 'must be well-formed Unicode'] as const;

/** Text of one line that somebody else made up, such as an id of theirs or what they look for. */
export const Line = (lengthMax: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(lengthMax, `must have at most ${lengthMax} characters`)
    // eslint-disable-next-line no-control-regex -- these are the characters that are refused
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters')
    .refine(...wellFormed);

/** Text for people: trimmed length 1 to 200, no control characters. */
export const Name = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  // eslint-disable-next-line no-control-regex -- these are the characters that are refused
  .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, 'must not contain control characters')
  .refine((text) => text.trim().length > 0, 'must not be blank')
  .refine(...wellFormed)
  .meta({ example: 'My Claude Connection' });

/** Why a change is made; shown in the audit log. */
export const Reason = Line(500).meta({ example: 'no longer needed' });

/** An address on the web, without blanks (the URL standard would repair them) and without a password, since it is shown. */
export const WebUrl = Line(2000)
  .refine((text) => /^https?:\/\/\S+$/i.test(text) && URL.canParse(text), {
    error: 'must be a URL that begins with https:// or http://',
    abort: true,
  })
  .refine((text) => {
    const { username, password } = new URL(text);
    return username === '' && password === '';
  }, 'must not carry a user name or password')
  .meta({ format: 'uri', example: 'https://mcp.acme.example/mcp' });

/** What a list shows of a secret: a few characters, never enough to use it. */
export const SecretHint = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')
  .meta({ example: 'sk_live_...9f3c' });

export const Plan = z.enum(['core', 'pro', 'enterprise']);
export type Plan = z.infer<typeof Plan>;
export const RoleName = z.enum(['owner', 'admin', 'member']);
export const AccountKind = z.enum(['member', 'service']);
export type AccountKind = z.infer<typeof AccountKind>;
export const Environment = z.enum(['live', 'test']);
export type Environment = z.infer<typeof Environment>;
export const ScopeType = z.enum(['single-space', 'multi-space']);
export type ScopeType = z.infer<typeof ScopeType>;
export const TokenStatus = z.enum(['active', 'inactive', 'expired', 'revoked']);
export type TokenStatus = z.infer<typeof TokenStatus>;

export const TokenScope = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('single-space'), spaceId: SpaceId }),
    z.strictObject({ type: z.literal('multi-space') }),
  ])
  .meta({ example: { type: 'multi-space' } });
export type TokenScope = z.infer<typeof TokenScope>;

const currencies = new Set(Intl.supportedValuesOf('currency'));
/** ISO 4217. */
export const CurrencyCode = z
  .string()
  .refine((code) => currencies.has(code), 'must be an ISO 4217 currency code such as EUR')
  .meta({ example: 'EUR' });
/** Zones that were found to exist: asking costs as much as all the rest of checking a statement's line. */
const knownZones = new Set<string>();

function isZone(zone: string): boolean {
  if (knownZones.has(zone)) return true;
  if (/^[+-]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    return false;
  }
  knownZones.add(zone);
  return true;
}

/** A zone of the tz database. */
export const TimeZone = z
  .string()
  .refine(isZone, 'must be a tz database zone such as Europe/Berlin')
  .meta({ example: 'Europe/Berlin' });

export const ProrationPolicy = z.enum(['second.v1', 'day.v1']);
export type ProrationPolicy = z.infer<typeof ProrationPolicy>;
export const BillingInterval = z.enum(['P1M', 'P1Y']);
export type BillingInterval = z.infer<typeof BillingInterval>;
/** Period k starts at anchor + k intervals, counted in the organization's time zone. */
export const BillingTerms = z
  .object({ anchor: z.iso.datetime(), interval: BillingInterval, policy: ProrationPolicy })
  .meta({ example: { anchor: '2026-12-31T23:00:00.000Z', interval: 'P1M', policy: 'second.v1' } });
export type BillingTerms = z.infer<typeof BillingTerms>;

/** Minor units as a digit string. */
export const Money = z
  .object({ amount: z.string().regex(/^-?\d+$/), currency: z.string() })
  .meta({ example: { amount: '1313', currency: 'EUR' } });
export type Money = z.infer<typeof Money>;

/** `resource:operation`, `resource:*` or `*`. */
export const Permission = z
  .string()
  .max(130)
  .regex(/^(\*|[a-z][a-z0-9-]*:(\*|[a-z][a-z0-9-]*))$/, 'must be resource:operation, resource:* or *')
  .meta({ example: 'agents:list' });

export const ProductKey = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
  .meta({ example: 'default' });
export const ProductResource = z.object({
  name: z.string(),
  operations: z.array(z.object({ name: z.string(), method: z.string().optional(), path: z.string().optional() })),
});
export type ProductResource = z.infer<typeof ProductResource>;

/** Whole days, up to a hundred years; null: for ever. */
export const AuditRetentionDays = z.number().int().min(1).max(36_500).nullable();

/** What to do with a token whose secret was found in the open. */
export const LeakResponse = z.enum(['revoke', 'deactivate']);
export type LeakResponse = z.infer<typeof LeakResponse>;

/** Micro-units of a currency as a digit string. */
export const MicrosText = z
  .string()
  .regex(/^\d{1,20}$/, 'must be a digit string of at most 20 digits')
  .meta({ example: '5000000' });

/** More than nothing. */
export const PositiveMicros = MicrosText.refine((text) => /[1-9]/.test(text), 'must be more than 0');

/** Names a charge: made up by whoever charges, unique on the whole platform. */
export const ChargeId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,99}$/,
    'must be 1 to 100 letters, digits and . _ : ~ -, a letter or digit first',
  )
  .meta({ example: 'call_01jd0000000000000000000000' });

/** The name of a tool, as calls name it. */
export const ToolName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_.:/-]+$/, 'must be the name of a tool')
  .meta({ example: 'search' });

/** The time over which a cap adds up: a calendar day or month in the organization's time zone. */
export const CapPeriod = z.enum(['P1D', 'P1M']);
export type CapPeriod = z.infer<typeof CapPeriod>;

/** What one token may spend within one period, in micro-units. */
export const SpendingCap = z
  .object({ amountMicros: MicrosText, period: CapPeriod })
  .meta({ example: { amountMicros: '50000000', period: 'P1M' } });
export type SpendingCap = z.infer<typeof SpendingCap>;

/** A tool's name with `*` for any run of characters. */
export const ToolGlob = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_.:/*-]+$/, 'must be a tool name, with * for any characters')
  .meta({ example: 'github.*' });

/** Which tools a team's tokens may call. `deny` wins; no `allow` means all, an empty one none. */
export const TeamPolicy = z
  .strictObject({
    allow: z.strictObject({ tools: z.array(ToolGlob).max(500) }).optional(),
    deny: z.strictObject({ tools: z.array(ToolGlob).max(500) }).optional(),
  })
  .meta({ example: { allow: { tools: ['github.*', 'search'] }, deny: { tools: ['github.delete_*'] } } });
export type TeamPolicy = z.infer<typeof TeamPolicy>;

/** An instant of the years 1 to 9999 in UTC; offsets are accepted and stored as UTC with milliseconds. */
export const Instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2027-01-31T12:00:00Z', abort: true })
  // An offset can lead out of the years that have four digits, where instants no longer compare as text.
  .refine((text) => /^(?!0000)\d{4}-/.test(new Date(text).toISOString()), 'must lie in the years 1 to 9999 in UTC')
  .transform((text) => new Date(text).toISOString())
  .meta({ example: '2027-01-14T09:30:00.000Z' });

/** Body or query parts that every list and every read shares. Query values arrive as text. */
export const listQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
};
/** Waits up to 2 s for the read model to reach this position. */
export const atLeast = z.coerce.number().int().nonnegative().optional();

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** What a narrowing change answers about the barrier it ran. */
export const Barrier = z
  .object({
    waitedMs: z.number(),
    verifiers: z.number().int(),
    mode: z.enum(['acknowledged', 'lease-expired']),
  })
  .meta({ example: { waitedMs: 4.2, verifiers: 2, mode: 'acknowledged' } });
export type Barrier = z.infer<typeof Barrier>;
export const Position = z.number().int().positive().meta({ example: 1234 });
