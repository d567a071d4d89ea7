import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { declineReasons } from '../events/billing-catalogue.ts';
import { operation } from '../operation.ts';
import {
  atLeast,
  ChargeId,
  Instant,
  listQuery,
  MicrosText,
  OrgId,
  page,
  Position,
  PositiveMicros,
  TokenId,
  ToolName,
} from '../values.ts';

export const chargeStatuses = ['reserved', 'declined', 'captured', 'released', 'expired', 'uncollected'] as const;
export type ChargeStatus = (typeof chargeStatuses)[number];

/** A paid call: reserved first, then captured (at most what was reserved), released, or expired. */
export const Charge = z
  .object({
    id: ChargeId,
    orgId: OrgId,
    tokenId: TokenId,
    tool: ToolName,
    status: z.enum(chargeStatuses),
    /** What was reserved, or would have been. */
    maxAmountMicros: MicrosText,
    /** What was captured; of an uncollected charge, what should have been. */
    amountMicros: MicrosText.nullable(),
    /** Why it was declined. */
    reason: z.enum(declineReasons).nullable(),
    /** When it was reserved or declined. */
    createdAt: z.string(),
    /** null: it was declined, so nothing is held. */
    expiresAt: z.string().nullable(),
    /** When it was captured, released, expired or not collected. */
    closedAt: z.string().nullable(),
  })
  .meta({
    example: {
      id: 'call_01jd0000000000000000000000',
      orgId: exampleIds.org,
      tokenId: exampleIds.token,
      tool: 'search',
      status: 'reserved',
      maxAmountMicros: '20000',
      amountMicros: null,
      reason: null,
      createdAt: '2027-01-14T09:30:00.000Z',
      expiresAt: '2027-01-14T09:35:00.000Z',
      closedAt: null,
    },
  });
export type Charge = z.infer<typeof Charge>;

/** The same request under the same id gives the same answer for ever: the charge as that request left it. */
const paid = { service: 'billing-meter', kind: 'command', who: ['scope:charges:write'] } as const;
/** `position` is the place in the log `billing`. */
const answer = z.object({ charge: Charge, position: Position });

export const chargesReserve = operation({
  ...paid,
  name: 'charges.reserve',
  summary: 'Reserve what a call of a tool may cost; 402 when it is declined, which is final for this id',
  http: { method: 'POST', path: '/v1/charges', status: 201, door: 'data' },
  input: z.strictObject({
    chargeId: ChargeId,
    /** Who calls: the token of a decision. */
    tokenId: TokenId,
    tool: ToolName,
    /** In micro-units of the organization's currency. Without it, the price of the tool. */
    maxAmountMicros: PositiveMicros.optional(),
    /** How long it is held for the capture to come. */
    ttlSeconds: z.number().int().min(1).max(86_400).default(300),
  }),
  output: answer,
  errors: [
    'INSUFFICIENT_BALANCE',
    'SPENDING_CAP_EXCEEDED',
    'TOKEN_NOT_LIVE',
    'CHARGE_ID_REUSED',
    'UNKNOWN_REFERENCE',
    'PRICE_MISSING',
  ],
  example: { input: { maxAmountMicros: '20000' } },
});

export const chargesCapture = operation({
  ...paid,
  name: 'charges.capture',
  summary: 'Take what the call has cost, at most what was reserved; after the expiry, from what is available then',
  http: { method: 'POST', path: '/v1/charges/:id/capture', door: 'data' },
  input: z.strictObject({ id: ChargeId, amountMicros: PositiveMicros }),
  output: answer,
  errors: ['CHARGE_ID_REUSED', 'CHARGE_CLOSED', 'AMOUNT_EXCEEDS_RESERVATION'],
  example: { input: { amountMicros: '15000' } },
});

export const chargesRelease = operation({
  ...paid,
  name: 'charges.release',
  summary: 'Give back what was reserved: the call costs nothing',
  http: { method: 'POST', path: '/v1/charges/:id/release', door: 'data' },
  input: z.strictObject({ id: ChargeId }),
  output: answer,
  errors: ['CHARGE_CLOSED'],
});

const read = {
  service: 'billing-meter',
  kind: 'query',
  who: ['operator', 'owner', 'scope:billing:read'],
} as const;

export const chargesList = operation({
  ...read,
  name: 'charges.list',
  summary: 'List the charges of an organization, newest first',
  http: { method: 'GET', path: '/v1/orgs/:org/charges' },
  input: z.strictObject({
    org: OrgId,
    status: z.enum(chargeStatuses).optional(),
    tokenId: TokenId.optional(),
    tool: ToolName.optional(),
    /** By `createdAt`, half-open. */
    from: Instant.optional(),
    to: Instant.optional(),
    ...listQuery,
    atLeast,
  }),
  output: page(Charge),
  errors: ['INVALID_CURSOR'],
});

export const chargesGet = operation({
  ...read,
  name: 'charges.get',
  summary: 'Read one charge as it stands now',
  http: { method: 'GET', path: '/v1/orgs/:org/charges/:id' },
  input: z.strictObject({ org: OrgId, id: ChargeId }),
  output: Charge,
});
