import type { RebuildReport } from '@tollgate/contracts';
import type { SeatPrice } from '../domain/price-list.ts';
import type { Seat } from '../domain/seat.ts';
import type { Subscriber } from '../domain/subscriber.ts';

/** Injection tokens of what the application needs from outside; the module binds adapters to them. */
export const LEDGERS = Symbol('Ledgers');
export const READ_MODEL = Symbol('ReadModel');
export const LEDGER_MODEL = Symbol('LedgerModel');

/** What a question about an organization's seats is answered from, all of one moment. */
export interface Ledger {
  readonly subscriber: Subscriber;
  readonly prices: readonly SeatPrice[];
  /** How far authority time is ahead of the wall clock, in milliseconds. */
  readonly clockOffsetMs: number;
  readonly seats: readonly Seat[];
}

/** A page of seats, oldest first: those opened after this position, `limit` at most. */
export interface SeatsPage {
  readonly afterPosition: number;
  readonly limit: number;
}

export interface Ledgers {
  /** null: the read model knows no such organization (yet). Without a page the ledger has no seats. */
  find(orgId: string, page?: SeatsPage): Promise<Ledger | null>;
}

/** The projection `seats`, as far as its readers look at it. */
export interface ReadModel {
  /** @throws TollgateError READ_MODEL_BEHIND when the position is not reached within 2 s. */
  waitFor(position: number): Promise<void>;
  /** Waits for the newest event there is. @throws TollgateError READ_MODEL_BEHIND after 2 s. */
  catchUp(): Promise<void>;
  /** Fills new tables from the whole log, compares them with the running ones and switches. */
  rebuild(): Promise<RebuildReport>;
}

/** The projection `ledger`, which is made from the billing log. */
export type LedgerModel = Pick<ReadModel, 'rebuild' | 'catchUp'>;
