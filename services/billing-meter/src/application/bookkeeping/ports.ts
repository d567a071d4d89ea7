import type {
  BillingAdjustment,
  BillingEvent,
  BillingEventData,
  BillingLine,
  Evidence,
  RecordedBillingEvent,
} from '@tollgate/contracts';
import type { SeatRecord } from '../../domain/seat-record.ts';
import type { Seat } from '../../domain/seat.ts';

/** Injection tokens; the module binds adapters to them. */
export const LEADERSHIP = Symbol('Leadership');
export const BOOKS = Symbol('Books');
export const FACTS = Symbol('Facts');
export const BILLING_WRITER = Symbol('BillingWriter');

/** Of all processes of the service, one writes the books. */
export interface Leadership {
  /** Whether this process leads now; takes the lead if nobody has it. */
  lead(): Promise<boolean>;
}

/** Where the main log stands for billing, all of one moment. */
export interface Standing {
  /** Everything up to here is applied. */
  readonly position: number;
  /** How far authority time is ahead of the wall clock, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Of the last event that is applied: authority time is not before it, whatever this machine's clock says. */
  readonly lastAt: string;
}

/** How far the clerk has told finance of seats: up to a position, and up to an authority time for what needs no event. */
export interface Progress {
  readonly position: number;
  readonly atMs: number;
}

/** A seat with what was told of it, and the version of its stream in the billing log. */
export interface RecordedSeat {
  readonly seat: Seat;
  readonly record: SeatRecord | null;
  readonly version: number;
}

/** Why something may have to be told of a seat: an event of its own, its expiry, another plan, another price. */
export const stirredBy = ['event', 'expiry', 'plan', 'price'] as const;
export type StirredBy = (typeof stirredBy)[number];

/** Facts of the main log, by the read model `seats`. */
export interface Facts {
  /** Waits until everything that is in the main log now is applied. @throws TollgateError READ_MODEL_BEHIND */
  caughtUp(): Promise<Standing>;
  /** Organizations that were registered after a position, up to another. */
  registeredBetween(after: number, upTo: number): Promise<string[]>;
  /** The next seats after `last` of which something may have to be told between `from` and `to` for one reason. */
  stirredSeats(by: StirredBy, from: Progress, to: Progress, last: Seat | null, limit: number): Promise<RecordedSeat[]>;
  /** The next seats of an organization that may have been open in an interval, by the log up to `asOf`; oldest first. */
  seatsWithin(
    orgId: string,
    interval: { start: string; end: string; asOf: number },
    afterPosition: number,
    limit: number,
  ): Promise<Seat[]>;
  /** Every seat of an organization, as the read model has it, oldest first. */
  allSeats(orgId: string): Promise<Seat[]>;
  /** The same, folded anew from the main log up to a position. */
  foldedSeats(orgId: string, upTo: number): Promise<Seat[]>;
  seatsOf(orgId: string, tokenIds: readonly string[]): Promise<Seat[]>;
  /** What came after a position, up to another, about a time before an instant. */
  lateFacts(orgId: string, after: number, upTo: number, before: string): Promise<LateFact[]>;
}

export interface LateFact {
  readonly evidence: Evidence;
  /** From when on it changes what a seat costs. */
  readonly from: string;
  /** null: every seat of the organization. */
  readonly tokenId: string | null;
}

/** A statement in the books: closed, and issued once `issue` is there. */
export interface StatementRecord {
  readonly no: number;
  readonly closing: BillingEventData<'PeriodClosed'>;
  /** Of its stream. */
  readonly version: number;
  readonly issue: BillingEventData<'StatementIssued'> | null;
}

/** A line or an adjustment as it stands in a statement. */
export interface PostedLine {
  readonly id: string;
  readonly no: number;
  readonly lineNo: number;
  readonly kind: 'line' | 'adjustment';
  /** Minor units. */
  readonly amount: string;
  readonly postedAt: string;
  readonly data: BillingLine | BillingAdjustment;
}

export interface PostedAmount {
  readonly id: string;
  readonly amount: { readonly amount: string };
}

/** What was written to the billing log, by the read model `ledger`. */
export interface Books {
  caughtUp(): Promise<void>;
  /** The last statement of each organization, or of those named. */
  lastStatements(orgIds?: readonly string[]): Promise<Map<string, StatementRecord>>;
  statement(orgId: string, no: number): Promise<StatementRecord | null>;
  /** Lines and adjustments of a seat for the period of a statement, as far as statements before `before` posted them. */
  postedFor(orgId: string, statement: number, tokenId: string, before: number): Promise<PostedAmount[]>;
  /** The next lines of a statement, in their order. */
  lines(orgId: string, no: number, afterLine: number, limit: number): Promise<PostedLine[]>;
  /** Numbers of the statements, and how many seats up to a position finance wasn't told of. */
  overview(orgId: string, upTo: number): Promise<{ statements: number[]; untoldSeats: number }>;
  /** Where the sequence of an organization doesn't follow the billing log, or the stream carried something else. */
  feedDifferences(orgId: string): Promise<{ events: number; differences: string[] }>;
  progress(): Promise<Progress>;
  saveProgress(progress: Progress): Promise<void>;
  /** Why an organization's closing has stopped. */
  halts(): Promise<Map<string, string>>;
  halt(orgId: string, reason: string): Promise<void>;
  resume(orgId: string): Promise<void>;
}

export interface BillingAppend {
  readonly orgId: string;
  readonly stream: string;
  readonly expectedVersion: number;
  readonly events: readonly BillingEvent[];
  readonly also?: readonly {
    readonly stream: string;
    readonly expectedVersion: number;
    readonly events: readonly BillingEvent[];
  }[];
  /** Authority time. */
  readonly at: string;
}

export interface BillingWriter {
  /**
   * Answers the events in their places: those of `stream`, then those of `also`.
   * @throws TollgateError CONFLICT when somebody else has written to the stream.
   */
  append(request: BillingAppend): Promise<readonly RecordedBillingEvent[]>;
}
