import { z } from 'zod';
import { operation } from '../operation.ts';
import {
  atLeast,
  Line,
  MicrosText,
  OrgId,
  Position,
  PositiveMicros,
  CapPeriod,
  SpendingCap,
  TokenId,
} from '../values.ts';

/** What an organization can spend, and what it has spent: topped up − captured = available + held. */
export const Balance = z
  .object({
    orgId: OrgId,
    currency: z.string(),
    availableMicros: MicrosText,
    /** Reserved for charges that are neither captured nor released yet. */
    heldMicros: MicrosText,
    toppedUpMicros: MicrosText,
    capturedMicros: MicrosText,
    /** What late captures asked for in vain; not part of the balance. */
    uncollectedMicros: MicrosText,
    thresholdMicros: MicrosText.nullable(),
    caps: z.array(z.object({ tokenId: TokenId, ...SpendingCap.shape })).meta({ example: [] }),
    /** Changes whenever the balance does. */
    version: z.number().int(),
  })
  .meta({
    example: {
      orgId: 'org_01jd0000000000000000000000',
      currency: 'EUR',
      availableMicros: '4950000',
      heldMicros: '20000',
      toppedUpMicros: '5000000',
      capturedMicros: '30000',
      uncollectedMicros: '0',
      thresholdMicros: '1000000',
      caps: [],
      version: 7,
    },
  });
export type Balance = z.infer<typeof Balance>;

export const balanceGet = operation({
  name: 'balance.get',
  service: 'billing-meter',
  kind: 'query',
  summary: 'What an organization can spend, and what it has spent',
  http: { method: 'GET', path: '/v1/orgs/:org/balance' },
  who: ['operator', 'owner', 'scope:billing:read'],
  input: z.strictObject({ org: OrgId, atLeast }),
  output: Balance,
});

/** What is known of a balance before anything is spent: top-ups, threshold and caps are events of the log `main`. */
const owned = { service: 'token-command', kind: 'command' } as const;

export const TopUp = z.object({ orgId: OrgId, reference: z.string(), amountMicros: MicrosText, at: z.string() }).meta({
  example: {
    orgId: 'org_01jd0000000000000000000000',
    reference: 'invoice 2027-0017',
    amountMicros: '5000000',
    at: '2027-01-14T09:30:00.000Z',
  },
});
export type TopUp = z.infer<typeof TopUp>;

export const balanceTopUp = operation({
  ...owned,
  name: 'balance.top-up',
  summary: 'Add money to the balance of an organization; the same reference again books nothing and answers the same',
  http: { method: 'POST', path: '/v1/orgs/:org/balance/top-ups', status: 201 },
  who: ['operator'],
  input: z.strictObject({
    org: OrgId,
    /** In micro-units of the organization's currency. */
    amountMicros: PositiveMicros,
    /** Of the payment: an invoice, a transfer. Unique per organization. */
    reference: Line(200).meta({ example: 'invoice 2027-0017' }),
  }),
  output: z.object({ topUp: TopUp, position: Position }),
  errors: ['REFERENCE_REUSED'],
});

/** What an organization has decided about its spending. */
export const BalanceSettings = z.object({
  orgId: OrgId,
  /** Below it the event `balance.low.v1` is sent; null: never. */
  thresholdMicros: MicrosText.nullable(),
  /** By token. */
  caps: z.array(z.object({ tokenId: TokenId, ...SpendingCap.shape })),
});
export type BalanceSettings = z.infer<typeof BalanceSettings>;

const settings = z.object({ settings: BalanceSettings, position: Position });

export const balanceSetThreshold = operation({
  ...owned,
  name: 'balance.set-threshold',
  summary: 'Say below which balance finance is told that it is low; null: never',
  http: { method: 'PUT', path: '/v1/orgs/:org/balance/threshold' },
  who: ['operator', 'owner'],
  input: z.strictObject({ org: OrgId, thresholdMicros: MicrosText.nullable() }),
  output: settings,
  example: { input: { thresholdMicros: '1000000' } },
});

export const balanceSetCap = operation({
  ...owned,
  name: 'balance.set-cap',
  summary: 'Say what one token may spend per calendar day (P1D) or month (P1M) in the time zone of the organization',
  http: { method: 'PUT', path: '/v1/orgs/:org/balance/caps/:tok' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, tok: TokenId, amountMicros: MicrosText, period: CapPeriod.default('P1M') }),
  output: settings,
});

export const balanceRemoveCap = operation({
  ...owned,
  name: 'balance.remove-cap',
  summary: 'Let a token spend whatever the balance holds',
  http: { method: 'DELETE', path: '/v1/orgs/:org/balance/caps/:tok' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, tok: TokenId }),
  output: settings,
});
