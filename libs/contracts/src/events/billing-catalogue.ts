import { z } from 'zod';
import {
  AccountId,
  BillingInterval,
  ChargeId,
  LineId,
  MicrosText,
  Money,
  Plan,
  ProductKey,
  ProrationPolicy,
  ScopeType,
  TimeZone,
  TokenId,
  ToolName,
} from '../values.ts';
import type { Catalogue } from './catalogue.ts';
import type { NewEvent, RecordedEvent } from './envelope.ts';
import type { Upcasts } from './upcasts.ts';

const Instant = z.iso.datetime();
const Span = z.object({ start: Instant, end: Instant });

/** An event of the log `main` that an amount rests on. */
export const Evidence = z.object({ id: z.string(), position: z.number().int(), type: z.string() });
export type Evidence = z.infer<typeof Evidence>;

/** Period `index` counted from the organization's anchor, half-open. */
export const StatementPeriod = z.object({ index: z.number().int(), ...Span.shape });
export type StatementPeriod = z.infer<typeof StatementPeriod>;

/** What a seat costs from an instant on. */
const SeatTerms = z.object({
  plan: Plan,
  /** Per full period. */
  price: Money,
  /** Position of the SeatPriceSet; null for a seat that is not billable. */
  priceVersion: z.number().int().nullable(),
});
export type SeatTerms = z.infer<typeof SeatTerms>;

/**
 * What one seat costs for a stretch of one period with one plan and one price. It holds everything that its amount is
 * worked out from:
 *
 * - `numerator`: units of the policy from `activeFrom` to the end of the interval, less those up to its start;
 * - `amount`: (`before.weight` + unit price × numerator) / denominator, rounded half away from zero, less `before.amount`.
 */
export const BillingLine = z.object({
  id: LineId,
  tokenId: TokenId,
  /** The account that the token was paired with at the end of the interval. */
  accountId: AccountId,
  product: ProductKey,
  scope: ScopeType,
  plan: Plan,
  billable: z.boolean(),
  period: StatementPeriod,
  interval: Span,
  /** When the seat became active within the period. */
  activeFrom: Instant,
  numerator: z.number().int(),
  denominator: z.number().int(),
  policy: ProrationPolicy,
  timeZone: TimeZone,
  /** The release of the tz database that the time zone was read from. */
  tzdb: z.string(),
  unitPrice: Money,
  priceVersion: z.number().int().nullable(),
  /** Of the seat's parts before this one in the period: the sum of price × numerator, and what they cost. Digit strings. */
  before: z.object({ weight: z.string(), amount: z.string() }),
  amount: Money,
  evidence: z.array(Evidence),
});
export type BillingLine = z.infer<typeof BillingLine>;

/** A late fact: what a closed period's lines of one seat should have been. Its amount is the difference. */
export const BillingAdjustment = z.object({
  id: LineId,
  /** The period that is corrected. */
  period: StatementPeriod,
  /** The statement that is adjusted, and its lines and adjustments of this seat; none if the seat had none. */
  adjusts: z.object({ statement: z.number().int(), lines: z.array(LineId) }),
  tokenId: TokenId,
  accountId: AccountId,
  /** Of all that was billed for this seat and period until now. */
  billed: Money,
  /** The lines as they should have been. */
  corrected: z.array(BillingLine),
  amount: Money,
  /** The late facts. */
  evidence: z.array(Evidence),
});
export type BillingAdjustment = z.infer<typeof BillingAdjustment>;

/** What an organization has once an event is applied. */
export const BalanceAfter = z.object({ availableMicros: MicrosText, heldMicros: MicrosText });
export type BalanceAfter = z.infer<typeof BalanceAfter>;

export const declineReasons = ['insufficient-balance', 'spending-cap', 'token-not-live'] as const;
export type DeclineReason = (typeof declineReasons)[number];

/** The request of a reservation, by which a repetition is told from another request under the same id. */
const Requested = {
  chargeId: ChargeId,
  tokenId: TokenId,
  tool: ToolName,
  request: z.object({ maxAmountMicros: MicrosText.nullable(), ttlSeconds: z.number().int() }),
  /** The subject of the service's JWT. */
  by: z.string(),
};

const ofCharge = {
  chargeId: ChargeId,
  tokenId: TokenId,
  /** The day to whose caps the change counts. */
  day: z.iso.date(),
};

/**
 * Every event type of the log `billing`, which billing-meter writes and verifiers never see.
 * The same rules hold as for the log `main`: a change of shape is a new version with an upcast and a golden file.
 */
export const billingEventTypes = {
  // seat-<tok>
  SeatOpened: {
    category: 'seat',
    version: 1,
    data: z.object({
      tokenId: TokenId,
      accountId: AccountId,
      product: ProductKey,
      scope: ScopeType,
      billable: z.boolean(),
      openedAt: Instant,
      terms: SeatTerms,
      evidence: z.array(Evidence),
    }),
  },
  SeatRepriced: {
    category: 'seat',
    version: 1,
    data: z.object({
      tokenId: TokenId,
      since: Instant,
      terms: SeatTerms,
      previous: SeatTerms,
      evidence: z.array(Evidence),
    }),
  },
  SeatClosed: {
    category: 'seat',
    version: 1,
    data: z.object({
      tokenId: TokenId,
      closedAt: Instant,
      reason: z.enum(['revoked', 'expired']),
      evidence: z.array(Evidence),
    }),
  },
  // statement-<org>.<no>
  /** From here on nothing but the main log up to `mainPosition` counts for the period. Its lines follow, then its statement. */
  PeriodClosed: {
    category: 'statement',
    version: 1,
    data: z.object({
      /** The number of the statement: 1, 2, 3 … per organization. */
      no: z.number().int().positive(),
      period: StatementPeriod,
      currency: z.string(),
      timeZone: TimeZone,
      interval: BillingInterval,
      policy: ProrationPolicy,
      tzdb: z.string(),
      mainPosition: z.number().int(),
      /** Authority time that had passed: the period's end and the grace. */
      watermark: Instant,
    }),
  },
  LinePosted: { category: 'statement', version: 1, data: z.object({ no: z.number().int(), line: BillingLine }) },
  LineAdjusted: {
    category: 'statement',
    version: 1,
    data: z.object({ no: z.number().int(), adjustment: BillingAdjustment }),
  },
  StatementIssued: {
    category: 'statement',
    version: 1,
    data: z.object({
      no: z.number().int(),
      period: StatementPeriod,
      lines: z.number().int(),
      adjustments: z.number().int(),
      total: Money,
    }),
  },
  // balance-<org>: in its order, one event after the other, what an organization has and has spent
  /** A top-up of the log `main`, in the balance. */
  TopUpBooked: {
    category: 'balance',
    version: 1,
    data: z.object({
      reference: z.string(),
      amountMicros: MicrosText,
      toppedUpAt: Instant,
      /** Version of the stream `balance-<org>` of the log `main`: everything up to it is booked. */
      mainVersion: z.number().int().positive(),
      evidence: Evidence,
      after: BalanceAfter,
    }),
  },
  ChargeReserved: {
    category: 'balance',
    version: 1,
    data: z.object({
      ...Requested,
      /** What is held until the charge is captured, released or expires. */
      amountMicros: MicrosText,
      /** The tool's price by which the amount was chosen; null: the request named the amount. */
      priceVersion: z.number().int().nullable(),
      reservedAt: Instant,
      expiresAt: Instant,
      /** The calendar day, in the organization's time zone, to whose caps it counts. */
      day: z.iso.date(),
      after: BalanceAfter,
    }),
  },
  ChargeDeclined: {
    category: 'balance',
    version: 1,
    data: z.object({
      ...Requested,
      amountMicros: MicrosText,
      priceVersion: z.number().int().nullable(),
      reason: z.enum(declineReasons),
      declinedAt: Instant,
      after: BalanceAfter,
    }),
  },
  ChargeCaptured: {
    category: 'balance',
    version: 1,
    data: z.object({
      ...ofCharge,
      amountMicros: MicrosText,
      /** What was reserved beyond it. */
      releasedMicros: MicrosText,
      /** The reservation had expired: the amount was taken from what is available. */
      late: z.boolean(),
      capturedAt: Instant,
      by: z.string(),
      after: BalanceAfter,
    }),
  },
  ChargeReleased: {
    category: 'balance',
    version: 1,
    data: z.object({
      ...ofCharge,
      /** Nothing if the reservation had expired. */
      releasedMicros: MicrosText,
      releasedAt: Instant,
      by: z.string(),
      after: BalanceAfter,
    }),
  },
  ChargeExpired: {
    category: 'balance',
    version: 1,
    data: z.object({ ...ofCharge, releasedMicros: MicrosText, expiredAt: Instant, after: BalanceAfter }),
  },
  /** A capture that came after the reservation had expired, and for which there was nothing left. */
  ChargeUncollected: {
    category: 'balance',
    version: 1,
    data: z.object({
      ...ofCharge,
      amountMicros: MicrosText,
      attemptedAt: Instant,
      by: z.string(),
      after: BalanceAfter,
    }),
  },
  /** Less is available than the threshold. Told again once there was more in between, or under another threshold. */
  BalanceRanLow: {
    category: 'balance',
    version: 1,
    data: z.object({ thresholdMicros: MicrosText, ranLowAt: Instant, after: BalanceAfter }),
  },
} as const satisfies Catalogue;

/** One step per version that was ever written and is no longer the newest. */
export const billingUpcasts: Upcasts = {};

export type BillingEventType = keyof typeof billingEventTypes;
export type BillingEventData<T extends BillingEventType> = z.output<(typeof billingEventTypes)[T]['data']>;
/** Events of the log `billing`, as decided. */
export type BillingEvent<T extends BillingEventType = BillingEventType> = {
  [K in T]: NewEvent<K, BillingEventData<K>>;
}[T];
/** Events of the log `billing`, in their place. */
export type RecordedBillingEvent<T extends BillingEventType = BillingEventType> = {
  [K in T]: RecordedEvent<K, BillingEventData<K>>;
}[T];
