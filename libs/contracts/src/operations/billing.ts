import { z } from 'zod';
import { operation } from '../operation.ts';
import {
  atLeast,
  Instant,
  listQuery,
  Money,
  OrgId,
  page,
  Plan,
  ProductKey,
  ProrationPolicy,
  ScopeType,
  TokenId,
} from '../values.ts';

/** What one token costs, from `openedAt` (its creation) to `closedAt` (revocation or expiry; null: open). */
export const Seat = z.object({
  tokenId: TokenId,
  product: ProductKey,
  scope: ScopeType,
  plan: Plan,
  billable: z.boolean(),
  openedAt: z.string(),
  closedAt: z.string().nullable(),
  /** Per full period, as of now (open) or of the closing. */
  price: Money,
});
export type Seat = z.infer<typeof Seat>;

export const Quote = z.object({
  /** What the seat costs per full period. */
  recurring: Money,
  firstPeriod: z.object({
    period: z.object({ start: z.string(), end: z.string() }),
    numerator: z.number().int(),
    denominator: z.number().int(),
    policy: ProrationPolicy,
    amount: Money,
  }),
});
export type Quote = z.infer<typeof Quote>;

const readers = ['owner', 'admin', 'scope:billing:read'] as const;

export const billingQuote = operation({
  name: 'billing.quote',
  service: 'billing-meter',
  kind: 'query',
  summary: 'What one more seat costs now and per period',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/quote' },
  who: ['owner', 'admin'],
  input: z.strictObject({
    org: OrgId,
    scope: ScopeType.default('multi-space'),
    product: ProductKey.default('default'),
    at: Instant.optional(),
    atLeast,
  }),
  output: Quote,
  errors: ['PRICE_MISSING'],
});

export const billingSeats = operation({
  name: 'billing.seats',
  service: 'billing-meter',
  kind: 'query',
  summary: 'List the seats of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/seats' },
  who: readers,
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Seat),
  errors: ['PRICE_MISSING', 'INVALID_CURSOR'],
});
