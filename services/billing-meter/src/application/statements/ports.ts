import type { BillingCloudEvent, BillingEventData, Evidence } from '@tollgate/contracts';
import type { PostedLine } from '../bookkeeping/ports.ts';
import type { SeatKindOf } from '../../domain/terms.ts';
import type { Seat } from '../../domain/seat.ts';

export const STATEMENTS = Symbol('Statements');

/** A statement that was issued. */
export interface IssuedStatement {
  readonly closing: BillingEventData<'PeriodClosed'>;
  readonly issue: BillingEventData<'StatementIssued'>;
  readonly issuedAt: string;
}

/** An event of the main log that an amount rests on. */
export interface EvidenceEvent extends Evidence {
  readonly at: string;
  readonly data: Record<string, unknown>;
}

export interface Interval {
  readonly start: string;
  readonly end: string;
}

/** A number of seats of one kind that are open from one Unix millisecond to another, both within an interval. */
export interface Stretch extends SeatKindOf {
  readonly startMs: number;
  readonly endMs: number;
  readonly seats: number;
}

/** What is read of the books and of the main log to answer questions about statements. */
export interface Statements {
  /** Issued statements after number `after`, oldest first. */
  list(orgId: string, after: number, limit: number): Promise<IssuedStatement[]>;
  line(orgId: string, id: string): Promise<PostedLine | null>;
  lines(orgId: string, no: number, afterLine: number, limit: number): Promise<PostedLine[]>;
  /** Of this organization or of the platform, at these positions of the main log. */
  evidence(orgId: string, positions: readonly number[]): Promise<EvidenceEvent[]>;
  /** Finance's feed after a sequence number. */
  feed(orgId: string, afterSequence: number, limit: number): Promise<BillingCloudEvent[]>;
  /** The next seats of an organization that are open at some time of an interval, oldest first. */
  seatsWithin(orgId: string, interval: Interval, afterPosition: number, limit: number): Promise<Seat[]>;
  /** All of them, those of one kind that are open for the same part of the interval counted together. */
  stretchesWithin(orgId: string, interval: Interval): Promise<Stretch[]>;
}
