import type { BillingLine, Evidence, StatementPeriod } from '@tollgate/contracts';
import { periodMeter, roundedQuotient, type PeriodMeter } from '@tollgate/proration';
import { accountAt, endOf, openingOf, seatAsOf, type Seat } from './seat.ts';
import { termsOver, type SeatKindOf, type TermsSegment, type TermsSource } from './terms.ts';

export interface LinesRequest extends TermsSource {
  readonly period: StatementPeriod;
  /** The release of the tz database in use: `process.versions.tz`. */
  readonly tzdb: string;
  /** The id of the line of a token that begins at an instant; the same each time. */
  readonly idOf: (tokenId: string, start: string) => string;
}

/** Lines of one seat, in order of time. */
export type LinesOf = (seat: Seat, untilMs?: number) => BillingLine[];

/**
 * Works out what seats cost in one period, by the log up to `asOf`: one line per seat and stretch with one plan and one
 * price. The running total of a seat is rounded and not its lines, so they add up to the whole. The calendar and the terms
 * of each kind of seat are read once, for any number of seats.
 */
export function linesOf(request: LinesRequest): LinesOf {
  const { meter, partsOf } = partsWithin(request);
  return (current, untilMs = Infinity) => {
    const seat = seatAsOf(current, request.asOf);
    if (!seat) return [];
    const end = endOf(seat);
    const endMs = Math.min(end ? Date.parse(end.at) : Infinity, untilMs);
    const parts = partsOf(seat, Date.parse(seat.openedAt), endMs);
    const closing = end && Date.parse(end.at) === parts.at(-1)?.endMs ? end.evidence : null;
    return partLines(request, meter, seat, parts, closing);
  };
}

/**
 * The sum of the lines that `linesOf` gives for a seat that is open from one Unix millisecond to another, in minor units;
 * without the lines, for questions about many seats.
 */
export function costsOf(
  request: TermsSource & Pick<LinesRequest, 'period'>,
): (kind: SeatKindOf, openedMs: number, endMs: number) => bigint {
  const { meter, partsOf } = partsWithin(request);
  return (kind, openedMs, endMs) => {
    const parts = partsOf(kind, openedMs, endMs);
    const activeFromMs = parts[0]?.startMs ?? 0;
    let [counted, weight] = [0n, 0n];
    for (const { price, endMs: partEndMs } of parts) {
      const units = meter.units(activeFromMs, partEndMs);
      weight += BigInt(price?.amount ?? '0') * (units - counted);
      counted = units;
    }
    return roundedQuotient(weight, meter.denominator);
  };
}

/** Cuts the time in which a seat is open within the period into parts of one plan and one price each. */
function partsWithin(request: TermsSource & Pick<LinesRequest, 'period'>) {
  const { subscriber, period } = request;
  const meter = periodMeter(subscriber.billing.policy, subscriber.timeZone, period);
  const [periodStartMs, periodEndMs] = [Date.parse(period.start), Date.parse(period.end)];
  const kinds = new Map<string, TermsSegment[]>();
  const segmentsOf = (kind: SeatKindOf): TermsSegment[] => {
    const key = `${kind.product} ${kind.scope} ${kind.billable}`;
    const known = kinds.get(key) ?? termsOver(request, kind, periodStartMs, periodEndMs);
    kinds.set(key, known);
    return known;
  };
  const partsOf = (kind: SeatKindOf, openedMs: number, closedMs: number): TermsSegment[] => {
    const startMs = Math.max(openedMs, periodStartMs);
    const endMs = Math.min(closedMs, periodEndMs);
    if (startMs >= endMs) return [];
    return segmentsOf(kind)
      .filter((segment) => segment.startMs < endMs && segment.endMs > startMs)
      .map((segment) => ({
        ...segment,
        startMs: Math.max(segment.startMs, startMs),
        endMs: Math.min(segment.endMs, endMs),
      }));
  };
  return { meter, partsOf };
}

function partLines(
  { subscriber, period, tzdb, idOf }: LinesRequest,
  meter: PeriodMeter,
  seat: Seat,
  parts: readonly TermsSegment[],
  closing: Evidence | null,
): BillingLine[] {
  const { currency, timeZone, billing } = subscriber;
  const activeFromMs = parts[0]?.startMs ?? 0;
  let [counted, weight, billed] = [0n, 0n, 0n];
  return parts.map((part, index) => {
    const numerator = meter.units(activeFromMs, part.endMs) - counted;
    const unitPrice = part.price?.amount ?? '0';
    const before = { weight: String(weight), amount: String(billed) };
    weight += BigInt(unitPrice) * numerator;
    counted += numerator;
    const total = roundedQuotient(weight, meter.denominator);
    const amount = total - billed;
    billed = total;
    const interval = { start: instant(part.startMs), end: instant(part.endMs) };
    const account = accountAt(seat, instant(part.endMs - 1));
    return {
      id: idOf(seat.tokenId, interval.start),
      tokenId: seat.tokenId,
      accountId: account.accountId,
      product: seat.product,
      scope: seat.scope,
      plan: part.plan,
      billable: seat.billable,
      period,
      interval,
      activeFrom: instant(activeFromMs),
      numerator: Number(numerator),
      denominator: Number(meter.denominator),
      policy: billing.policy,
      timeZone,
      tzdb,
      unitPrice: { amount: unitPrice, currency },
      priceVersion: part.price?.position ?? null,
      before,
      amount: { amount: String(amount), currency },
      evidence: evidence([
        openingOf(seat),
        account.evidence,
        ...part.evidence,
        ...(closing && index === parts.length - 1 ? [closing] : []),
      ]),
    };
  });
}

/** Each event once, in log order. */
export function evidence(all: readonly Evidence[]): Evidence[] {
  const byPosition = new Map(all.map((one) => [one.position, one]));
  return [...byPosition.values()].sort((a, b) => a.position - b.position);
}

/** The sum of the amounts, in minor units. */
export function sumOf(lines: readonly { readonly amount: { readonly amount: string } }[]): bigint {
  return lines.reduce((sum, { amount }) => sum + BigInt(amount.amount), 0n);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
