import type { BillingEvent, SeatTerms } from '@tollgate/contracts';
import { endOf, openingOf, type Seat } from './seat.ts';
import { evidence } from './lines.ts';
import { seatTerms, termsOver, type TermsSource } from './terms.ts';

/** What finance was told of a seat so far. */
export interface SeatRecord {
  readonly terms: SeatTerms;
  /** Since when these terms hold. */
  readonly since: string;
  readonly closedAt: string | null;
}

type SeatBillingEvent = BillingEvent<'SeatOpened' | 'SeatRepriced' | 'SeatClosed'>;

/**
 * What is still to be told of a seat at `nowMs`: that it opened, at what terms, each change of its terms, that it closed.
 * Nothing twice: what `record` says was told already. `expiredMs`: expiries up to here count as having come.
 */
export function missingRecords(
  source: TermsSource,
  seat: Seat,
  record: SeatRecord | null,
  { nowMs, expiredMs }: { nowMs: number; expiredMs: number },
): SeatBillingEvent[] {
  if (record?.closedAt) return [];
  const events: SeatBillingEvent[] = [];
  const { currency } = source.subscriber;
  const openedMs = Date.parse(seat.openedAt);
  const end = endOf(seat);
  const closed = end && (end.reason === 'revoked' || Date.parse(end.at) <= expiredMs) ? end : null;
  const untilMs = Math.max(openedMs + 1, Math.min(closed ? Date.parse(closed.at) : Infinity, nowMs + 1));
  const segments = termsOver(source, seat, openedMs, untilMs).map(({ startMs, ...segment }) => ({
    since: new Date(startMs).toISOString(),
    terms: seatTerms(segment, currency),
    evidence: segment.evidence,
  }));
  let last = record;
  for (const { since, terms, evidence: grounds } of segments) {
    if (last && (Date.parse(since) <= Date.parse(last.since) || sameTerms(terms, last.terms))) continue;
    events.push(
      last
        ? {
            type: 'SeatRepriced',
            data: { tokenId: seat.tokenId, since, terms, previous: last.terms, evidence: evidence(grounds) },
          }
        : {
            type: 'SeatOpened',
            data: {
              tokenId: seat.tokenId,
              accountId: seat.first.accountId,
              product: seat.product,
              scope: seat.scope,
              billable: seat.billable,
              openedAt: seat.openedAt,
              terms,
              evidence: evidence([openingOf(seat), ...grounds]),
            },
          },
    );
    last = { terms, since, closedAt: null };
  }
  if (closed) {
    const { at, reason, evidence: why } = closed;
    events.push({ type: 'SeatClosed', data: { tokenId: seat.tokenId, closedAt: at, reason, evidence: [why] } });
  }
  return events;
}

function sameTerms(a: SeatTerms, b: SeatTerms): boolean {
  return a.plan === b.plan && a.priceVersion === b.priceVersion && a.price.amount === b.price.amount;
}
