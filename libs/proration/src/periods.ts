import { checkTimeZone, formatInstant, readInstant } from './instants.ts';
import type { Interval } from './instants.ts';

/** ISO 8601 durations: a month or a year. */
export type BillingInterval = 'P1M' | 'P1Y';

export interface PeriodTerms {
  /** The start of period 0, an RFC 3339 instant. */
  anchor: string;
  /** The billing time zone, a name of the tz database. Periods keep the anchor's local time of day in it. */
  timeZone: string;
  interval: BillingInterval;
}

export interface BillingPeriod extends Interval {
  /** Counted from the anchor; negative before it. */
  index: number;
}

/**
 * The start of period `index`: the anchor plus `index` intervals on the calendar of the time zone. It is always counted
 * from the anchor, never from the period before, and clamped to the last day of the month: 31 Jan, 28 Feb, 31 Mar.
 * Where the zone skips the local time, the period starts as much later; where it comes twice, the first time counts.
 *
 * Returns UTC with milliseconds, `2026-01-31T12:00:00.000Z`. Throws a RangeError for wrong terms.
 */
export function billingPeriodStart(terms: PeriodTerms, index: number): string {
  return formatInstant(startOf(readTerms(terms), index));
}

/** Period `index` with its start and its end, which is the start of the next. */
export function billingPeriod(terms: PeriodTerms, index: number): BillingPeriod {
  const read = readTerms(terms);
  return { index, start: formatInstant(startOf(read, index)), end: formatInstant(startOf(read, index + 1)) };
}

/** The period that holds the instant; periods are half-open and reach back before the anchor too. */
export function billingPeriodAt(terms: PeriodTerms, instant: string): BillingPeriod {
  const read = readTerms(terms);
  const at = readInstant(instant, 'instant');
  const local = at.toZonedDateTimeISO(terms.timeZone);
  const months = 12 * (local.year - read.anchor.year) + (local.month - read.anchor.month);
  // A period starts in the calendar month it is named after, so only one that starts later in that month is too far.
  const candidate = Math.floor(months / read.months);
  const index = Temporal.Instant.compare(startOf(read, candidate), at) > 0 ? candidate - 1 : candidate;
  return billingPeriod(terms, index);
}

interface ReadTerms {
  anchor: Temporal.ZonedDateTime;
  months: number;
}

function readTerms(terms: PeriodTerms): ReadTerms {
  checkTimeZone(terms.timeZone);
  if (terms.interval !== 'P1M' && terms.interval !== 'P1Y') {
    throw new RangeError(`interval must be P1M or P1Y; ${JSON.stringify(terms.interval)} is neither.`);
  }
  const anchor = readInstant(terms.anchor, 'anchor').toZonedDateTimeISO(terms.timeZone);
  return { anchor, months: terms.interval === 'P1M' ? 1 : 12 };
}

function startOf(terms: ReadTerms, index: number): Temporal.Instant {
  if (!Number.isSafeInteger(index))
    throw new RangeError(`The index of a period must be a whole number; ${index} is not.`);
  return terms.anchor.add({ months: index * terms.months }, { overflow: 'constrain' }).toInstant();
}
