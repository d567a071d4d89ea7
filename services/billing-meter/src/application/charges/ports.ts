import type { RecordedBillingEvent } from '@tollgate/contracts';
import type { Balance, BalanceEvent, Charge } from '../../domain/balance.ts';
import type { FactKind, MainFacts } from '../../domain/main-facts.ts';

/** Injection tokens; the module binds adapters to them. */
export const MAIN_READER = Symbol('MainReader');
export const BALANCE_STORE = Symbol('BalanceStore');
export const BALANCE_WRITER = Symbol('BalanceWriter');
export const CHARGE_LIST = Symbol('ChargeList');
export const BALANCE_CHECK = Symbol('BalanceCheck');
export const BALANCE_NEWS = Symbol('BalanceNews');

/** A stream of the log `main` whose state is wanted. */
export interface FactKey {
  readonly kind: FactKind;
  readonly id: string;
}

/** What the log `main` says of the streams that were asked for, and of the accounts and products of the tokens among them. */
export interface Facts {
  /** null: a stream without events. */
  of<K extends FactKind>(kind: K, id: string): MainFacts[K] | null;
  /** How far authority time is ahead of the wall clock, in milliseconds. */
  readonly clockOffsetMs: number;
}

export interface MainReader {
  /**
   * Reads the primary: resolves once everything that was committed before the call is known of these streams. So a token that
   * was revoked before a reservation began is never taken for a live one.
   */
  read(keys: readonly FactKey[]): Promise<Facts>;
}

/** A balance with the charges that are open, all of one version. */
export interface Opened {
  readonly balance: Balance;
  readonly open: readonly Charge[];
  /** What the tokens that were asked for have spent, by day. */
  readonly spent: readonly Spent[];
}

export interface Spent {
  readonly tokenId: string;
  readonly day: string;
  readonly micros: bigint;
}

export interface BalanceStore {
  /** By the read model, which may be behind: `tail` has the rest. */
  open(orgId: string, spentBy: readonly string[], sinceDay: string): Promise<Opened>;
  /** Events of the balance after a version, from the log. */
  tail(orgId: string, afterVersion: number): Promise<readonly RecordedBillingEvent[]>;
  /** Charges by id, of whatever organization, from the log. Reads of many callers go together. */
  find(chargeIds: readonly string[]): Promise<ReadonlyMap<string, Charge>>;
  /** Organizations with charges whose time has come. */
  due(now: string): Promise<string[]>;
  /** Organizations of which the log `main` has news about their balance after a position, and how far that was read. */
  stirred(after: number): Promise<{ orgIds: string[]; position: number }>;
}

export interface BalanceWriter {
  /**
   * Appends to the balance of an organization: all events or none.
   * @throws TollgateError CONFLICT when somebody else was faster, or opened a charge under the same id
   */
  append(request: {
    readonly orgId: string;
    readonly expectedVersion: number;
    readonly events: readonly BalanceEvent[];
    readonly at: string;
  }): Promise<readonly RecordedBillingEvent[]>;
}

export interface ChargeFilter {
  readonly status?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly tool?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The charges of one organization, by the read model, newest first. */
export interface ChargeList {
  page(orgId: string, filter: ChargeFilter, beforePosition: number | null, limit: number): Promise<Charge[]>;
}

/** A balance as it is shown, and as it follows from the billing log up to where the read model stands. */
export interface BalanceComparison {
  readonly shown: Balance;
  readonly folded: Balance;
  /** Ids of charges that differ, some of them if they are many. */
  readonly charges: readonly string[];
  /** Of the log `main`, as far as it is booked. */
  readonly paidIn: bigint;
}

export interface BalanceCheck {
  compare(orgId: string): Promise<BalanceComparison>;
}

/** Who wants to know of balances that moved. */
export interface BalanceNews {
  moved(orgId: string, available: bigint): void;
}
