import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { BillingAdjustment, BillingLine, Evidence, StatementPeriod } from '../events/billing-catalogue.ts';
import { operation } from '../operation.ts';
import { RawPage } from '../raw-page.ts';
import {
  AccountId,
  atLeast,
  Instant,
  LineId,
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
export const Seat = z
  .object({
    tokenId: TokenId,
    product: ProductKey,
    scope: ScopeType,
    plan: Plan,
    billable: z.boolean(),
    openedAt: z.string(),
    closedAt: z.string().nullable(),
    /** Per full period, as of now (open) or of the closing. */
    price: Money,
  })
  .meta({
    example: {
      tokenId: exampleIds.token,
      product: 'default',
      scope: 'multi-space',
      plan: 'pro',
      billable: true,
      openedAt: '2027-01-14T09:30:00.000Z',
      closedAt: null,
      price: { amount: '2500', currency: 'EUR' },
    },
  });
export type Seat = z.infer<typeof Seat>;

export const Quote = z
  .object({
    /** What the seat costs per full period. */
    recurring: Money,
    firstPeriod: z.object({
      period: z.object({ start: z.string(), end: z.string() }),
      numerator: z.number().int(),
      denominator: z.number().int(),
      policy: ProrationPolicy,
      amount: Money,
    }),
  })
  .meta({
    example: {
      recurring: { amount: '2500', currency: 'EUR' },
      firstPeriod: {
        period: { start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' },
        numerator: 1_517_400,
        denominator: 2_678_400,
        policy: 'second.v1',
        amount: { amount: '1416', currency: 'EUR' },
      },
    },
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

const reading = { service: 'billing-meter', kind: 'query', who: readers } as const;

export const billingAccrual = operation({
  ...reading,
  name: 'billing.accrual',
  summary: 'What the open period has cost so far, and will cost if nothing changes; in all and per seat',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/accrual' },
  input: z.strictObject({ org: OrgId, at: Instant.optional(), ...listQuery, atLeast }),
  output: z.object({
    at: z.string(),
    period: StatementPeriod,
    policy: ProrationPolicy,
    /** Of all seats, not only of those on this page. */
    accrued: Money,
    projected: Money,
    seats: z.number().int(),
    items: z.array(
      z.object({
        tokenId: TokenId,
        accountId: AccountId,
        product: ProductKey,
        scope: ScopeType,
        billable: z.boolean(),
        openedAt: z.string(),
        closedAt: z.string().nullable(),
        accrued: Money,
        projected: Money,
      }),
    ),
    nextCursor: z.string().nullable(),
  }),
  errors: ['INVALID_CURSOR'],
  example: {
    output: {
      at: '2027-01-20T00:00:00.000Z',
      period: { index: 0, start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' },
      policy: 'second.v1',
      accrued: { amount: '524', currency: 'EUR' },
      projected: { amount: '1416', currency: 'EUR' },
      seats: 1,
      items: [],
      nextCursor: null,
    },
  },
});

/** What an organization owes for one period: the sum of its lines, which never change. */
export const Statement = z
  .object({
    /** 1, 2, 3 … per organization; 1 is the period in which it was registered. */
    no: z.number().int(),
    period: StatementPeriod,
    total: Money,
    lines: z.number().int(),
    adjustments: z.number().int(),
    policy: ProrationPolicy,
    timeZone: z.string(),
    tzdb: z.string(),
    issuedAt: z.string(),
    /** The main log up to here counted for the period; what came later is adjusted in a later statement. */
    mainPosition: z.number().int(),
  })
  .meta({
    example: {
      no: 1,
      period: { index: 0, start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' },
      total: { amount: '1416', currency: 'EUR' },
      lines: 1,
      adjustments: 0,
      policy: 'second.v1',
      timeZone: 'Europe/Berlin',
      tzdb: '2026c',
      issuedAt: '2027-01-31T23:05:00.000Z',
      mainPosition: 1234,
    },
  });
export type Statement = z.infer<typeof Statement>;

export const billingStatements = operation({
  ...reading,
  name: 'billing.statements',
  summary: 'List the statements of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/statements' },
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Statement),
  errors: ['INVALID_CURSOR'],
});

const StatementNo = z.coerce.number().int().positive().max(100_000);

export const billingStatement = operation({
  ...reading,
  name: 'billing.statement',
  summary: 'Read one statement',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/statements/:no' },
  input: z.strictObject({ org: OrgId, no: StatementNo, atLeast }),
  output: Statement,
});

const place = {
  /** The statement it stands in, and its place there. */
  no: z.number().int(),
  lineNo: z.number().int(),
  postedAt: z.string(),
};

/** A line of a statement, or an adjustment of an earlier one. */
export const StatementLine = z
  .discriminatedUnion('kind', [
    BillingLine.extend({ kind: z.literal('line'), ...place }),
    BillingAdjustment.extend({ kind: z.literal('adjustment'), ...place }),
  ])
  .meta({
    example: {
      kind: 'line',
      id: exampleIds.line,
      no: 1,
      lineNo: 1,
      postedAt: '2027-01-31T23:05:00.000Z',
      tokenId: exampleIds.token,
      accountId: exampleIds.account,
      product: 'default',
      scope: 'multi-space',
      plan: 'pro',
      billable: true,
      period: { index: 0, start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' },
      interval: { start: '2027-01-14T09:30:00.000Z', end: '2027-01-31T23:00:00.000Z' },
      activeFrom: '2027-01-14T09:30:00.000Z',
      numerator: 1_517_400,
      denominator: 2_678_400,
      policy: 'second.v1',
      timeZone: 'Europe/Berlin',
      tzdb: '2026c',
      unitPrice: { amount: '2500', currency: 'EUR' },
      priceVersion: 3,
      before: { weight: '0', amount: '0' },
      amount: { amount: '1416', currency: 'EUR' },
      evidence: [{ id: 'evt_01jd0000000000000000000000', position: 1234, type: 'TokenCreated' }],
    },
  });
export type StatementLine = z.infer<typeof StatementLine>;

export const StatementLinePage = page(StatementLine);
export type StatementLinePage = z.infer<typeof StatementLinePage>;

const format = z.enum(['json', 'csv']).default('json');

export const billingLines = operation({
  ...reading,
  name: 'billing.lines',
  summary: 'The lines of a statement: pages of JSON, or all of them as CSV',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/statements/:no/lines', raw: ['application/json', 'text/csv'] },
  input: z.strictObject({ org: OrgId, no: StatementNo, format, ...listQuery, atLeast }),
  /** With `json` the body is a `StatementLinePage`; whoever wants the next one asks with its `nextCursor`. */
  output: RawPage,
  errors: ['INVALID_CURSOR'],
});

export const billingExplain = operation({
  ...reading,
  name: 'billing.explain',
  summary: 'Why a line costs what it costs: its events, price version, policy and arithmetic',
  http: { method: 'GET', path: '/v1/orgs/:org/billing/lines/:id/explain' },
  input: z.strictObject({ org: OrgId, id: LineId }),
  output: z.object({
    line: StatementLine,
    events: z.array(Evidence.extend({ at: z.string(), data: z.record(z.string(), z.unknown()) })).meta({
      example: [
        {
          id: 'evt_01jd0000000000000000000000',
          position: 1234,
          type: 'TokenCreated',
          at: '2027-01-14T09:30:00.000Z',
          data: { tokenId: exampleIds.token },
        },
      ],
    }),
    /** The prices in use, by version. Empty for a seat that costs nothing. */
    prices: z
      .array(
        z.object({
          version: z.number().int(),
          product: ProductKey,
          plan: Plan,
          scope: ScopeType,
          price: z.object({ amount: z.string(), currency: z.string().nullable() }),
          effectiveFrom: z.string(),
        }),
      )
      .meta({
        example: [
          {
            version: 3,
            product: 'default',
            plan: 'pro',
            scope: 'multi-space',
            price: { amount: '2500', currency: 'EUR' },
            effectiveFrom: '2026-01-01T00:00:00.000Z',
          },
        ],
      }),
    policy: ProrationPolicy,
    steps: z.array(z.string().meta({ example: '2500 × 1517400 / 2678400 = 1416.33… → 1416' })),
    /** Where working it out again gives something else. Always empty. */
    differences: z.array(z.string()).meta({ example: [] }),
  }),
});

/** CloudEvents 1.0 in its JSON format, with the extensions `sequence` and `recordedtime`. */
export const BillingCloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  /** When it took effect. */
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  /** When it was recorded. */
  recordedtime: z.string(),
  /** Gap-free per organization: 1, 2, 3 … as 20 digits, so that it sorts as text. */
  sequence: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type BillingCloudEvent = z.infer<typeof BillingCloudEvent>;

export const BillingEventPage = z.object({
  items: z.array(BillingCloudEvent),
  /** What to ask `after` next: the sequence of the last item, or what was asked when there is nothing new. */
  after: z.number().int(),
  /** There are more already. */
  more: z.boolean(),
});
export type BillingEventPage = z.infer<typeof BillingEventPage>;

export const billingEvents = operation({
  ...reading,
  name: 'billing.events',
  summary: "Finance's feed as a pull: CloudEvents after a sequence number, a page of JSON or all as CSV",
  http: { method: 'GET', path: '/v1/orgs/:org/billing/events', raw: ['application/json', 'text/csv'] },
  input: z.strictObject({
    org: OrgId,
    after: z.coerce.number().int().nonnegative().default(0),
    format,
    ...listQuery,
  }),
  /** With `json` the body is a `BillingEventPage`. */
  output: RawPage,
});

export const billingReconcile = operation({
  name: 'billing.reconcile',
  service: 'billing-meter',
  kind: 'command',
  summary:
    'Compare the log, seats, lines, statements and what the feed carried; closings that had stopped go on if all agrees',
  http: { method: 'POST', path: '/v1/billing/reconcile' },
  who: ['operator'],
  input: z.strictObject({ org: OrgId.optional() }),
  output: z.object({
    agrees: z.boolean(),
    /** The main log up to here was compared. */
    position: z.number().int(),
    organizations: z.number().int(),
    statements: z.number().int(),
    lines: z.number().int(),
    events: z.number().int(),
    differences: z.array(z.string()),
    /** Organizations whose closing stands still, and why. */
    halted: z.array(z.object({ org: z.string(), reason: z.string() })),
  }),
  timeoutMs: 280_000,
  example: {
    output: {
      agrees: true,
      position: 1234,
      organizations: 1,
      statements: 1,
      lines: 1,
      events: 4,
      differences: [],
      halted: [],
    },
  },
});

export const billingCloseDue = operation({
  name: 'billing.close-due',
  service: 'billing-meter',
  kind: 'command',
  summary:
    'Answer once every period that is due at the authority time of a position is closed; READ_MODEL_BEHIND: not yet',
  who: ['caller'],
  internal: true,
  input: z.strictObject({ position: z.number().int().positive() }),
  output: z.object({ position: z.number().int() }),
  // Short: whoever asked a process that ends in the middle asks the next one.
  timeoutMs: 5_000,
});
