import { Clerk } from './bookkeeping/clerk.ts';
import { CloseDue } from './bookkeeping/close-due.ts';
import { ClosingTimer } from './bookkeeping/closing-timer.ts';
import { Reconcile, Reconciliation } from './bookkeeping/reconcile.ts';
import { ComparisonLoop } from './bookkeeping/comparison-loop.ts';
import { Reconciler } from './bookkeeping/reconciler.ts';
import { SeatClerk } from './bookkeeping/seat-clerk.ts';
import { StatementCloser } from './bookkeeping/statement-closer.ts';
import { BalanceTimer } from './charges/balance-timer.ts';
import { BalanceBooks } from './charges/books.ts';
import { ChargeCalls } from './charges/charge-calls.ts';
import { GetBalance } from './charges/get-balance.ts';
import { GetCharge, ListCharges } from './charges/list-charges.ts';
import { GetQuote } from './get-quote.ts';
import { ListSeats } from './list-seats.ts';
import { RebuildLedger } from './rebuild-ledger.ts';
import { RebuildSeats } from './rebuild-seats.ts';
import { ExplainLine } from './statements/explain-line.ts';
import { GetAccrual } from './statements/get-accrual.ts';
import { ListBillingEvents } from './statements/list-events.ts';
import { ListLines } from './statements/list-lines.ts';
import { GetStatement, ListStatements } from './statements/list-statements.ts';

/** The use cases of billing. */
export const useCases = [
  GetQuote,
  ListSeats,
  GetAccrual,
  ListStatements,
  GetStatement,
  ListLines,
  ExplainLine,
  ListBillingEvents,
  GetBalance,
  ListCharges,
  GetCharge,
  CloseDue,
  Reconcile,
  RebuildSeats,
  RebuildLedger,
];

/** Who keeps the books, in the process that leads. */
export const bookkeeping = [
  Clerk,
  SeatClerk,
  StatementCloser,
  Reconciler,
  Reconciliation,
  ComparisonLoop,
  ClosingTimer,
];

/** Who writes balances. */
export const charging = [BalanceBooks, ChargeCalls, BalanceTimer];
