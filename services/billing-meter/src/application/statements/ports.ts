import type { BillingCloudEvent, BillingEventData, Evidence } from '@tollgate/contracts';
import type { PostedLine } from '../bookkeeping/ports.ts';
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
  /** All seats of an organization that are open at some time of an interval, oldest first. */
  seatsWithin(orgId: string, interval: { start: string; end: string }): Promise<Seat[]>;
}
