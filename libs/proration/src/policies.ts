import type { Span } from './instants.ts';

/**
 * How active time is counted. A policy is named on every line and never changes its meaning; another rule gets another name.
 * - `second.v1`: whole seconds; both ends are floored to the second first.
 * - `day.v1`: calendar days of the billing time zone that the interval touches, except a last day touched only at its
 *   midnight. A day counts in full however short the time in it.
 */
export type ProrationPolicy = 'second.v1' | 'day.v1';

/** How many units of the policy the half-open interval holds; an empty one holds none. */
export function countUnits(policy: ProrationPolicy, timeZone: string, span: Span): bigint {
  switch (policy) {
    case 'second.v1':
      return epochSeconds(span.end) - epochSeconds(span.start);
    case 'day.v1':
      return touchedDays(span, timeZone);
    default:
      throw new RangeError(`policy must be second.v1 or day.v1; ${JSON.stringify(policy)} is neither.`);
  }
}

/** Floors towards the past before 1970 too, where BigInt division alone would round up. */
function epochSeconds(instant: Temporal.Instant): bigint {
  return instant.round({ smallestUnit: 'second', roundingMode: 'floor' }).epochNanoseconds / 1_000_000_000n;
}

/** The last instant inside the interval decides the last day: an `end` at midnight belongs to the day it closes. */
function touchedDays(span: Span, timeZone: string): bigint {
  if (Temporal.Instant.compare(span.start, span.end) >= 0) return 0n;
  const first = span.start.toZonedDateTimeISO(timeZone).toPlainDate();
  const last = span.end.subtract({ nanoseconds: 1 }).toZonedDateTimeISO(timeZone).toPlainDate();
  return BigInt(first.until(last, { largestUnit: 'day' }).days) + 1n;
}
