import type { BillingAdjustment, BillingLine, Evidence, StatementPeriod } from '@tollgate/contracts';
import { evidence, sumOf } from './lines.ts';
import type { Seat } from './seat.ts';

export interface AdjustmentRequest {
  /** Of the adjustment; the same each time. */
  readonly id: string;
  /** The statement that is adjusted. */
  readonly statement: number;
  readonly period: StatementPeriod;
  readonly seat: Seat;
  /** What was posted for the seat and that statement's period until now: lines and earlier adjustments. */
  readonly posted: readonly { readonly id: string; readonly amount: { readonly amount: string } }[];
  /** The lines as they should have been. */
  readonly corrected: readonly BillingLine[];
  readonly currency: string;
  /** The late facts. */
  readonly lateFacts: readonly Evidence[];
}

/** The difference that late facts make to a seat in a closed period; null if they make none. */
export function adjustmentOf(request: AdjustmentRequest): BillingAdjustment | null {
  const { id, statement, period, seat, posted, corrected, currency, lateFacts } = request;
  const billed = sumOf(posted);
  const difference = sumOf(corrected) - billed;
  if (difference === 0n) return null;
  return {
    id,
    period,
    adjusts: { statement, lines: posted.map((one) => one.id) },
    tokenId: seat.tokenId,
    accountId: corrected.at(-1)?.accountId ?? seat.accountId,
    billed: { amount: String(billed), currency },
    corrected: [...corrected],
    amount: { amount: String(difference), currency },
    evidence: evidence(lateFacts),
  };
}
