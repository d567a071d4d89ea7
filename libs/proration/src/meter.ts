import { checkTimeZone, readInterval, type Interval } from './instants.ts';
import { countUnits, type ProrationPolicy } from './policies.ts';

/** Counts units of one policy within one period, many times over. */
export interface PeriodMeter {
  /** Units in the period. */
  readonly denominator: bigint;
  /** Units from one Unix millisecond to another, both within the period; none if `endMs` is not after `startMs`. */
  units(startMs: number, endMs: number): bigint;
}

/**
 * The same counts as `prorate`, with the period and its calendar read once. Throws a RangeError for a period that is
 * empty and for an unknown policy or time zone.
 */
export function periodMeter(policy: ProrationPolicy, timeZone: string, period: Interval): PeriodMeter {
  checkTimeZone(timeZone);
  const span = readInterval(period, 'period');
  const denominator = countUnits(policy, timeZone, span);
  if (denominator <= 0n) throw new RangeError('period must not be empty.');
  if (policy === 'second.v1') {
    const seconds = (startMs: number, endMs: number) => BigInt(Math.floor(endMs / 1000) - Math.floor(startMs / 1000));
    return { denominator, units: (startMs, endMs) => (endMs > startMs ? seconds(startMs, endMs) : 0n) };
  }
  const firstDay = span.start.toZonedDateTimeISO(timeZone).startOfDay();
  // Calendar days begin where the zone says, which need not be 24 hours apart.
  const daysBegin: number[] = [];
  for (let day = firstDay; day.epochMilliseconds < span.end.epochMilliseconds;) {
    daysBegin.push(day.epochMilliseconds);
    day = firstDay.toPlainDate().add({ days: daysBegin.length }).toZonedDateTime(timeZone);
  }
  const dayOf = (ms: number) => lastAtOrBefore(daysBegin, ms);
  return {
    denominator,
    units: (startMs, endMs) => (endMs > startMs ? BigInt(dayOf(endMs - 1) - dayOf(startMs) + 1) : 0n),
  };
}

function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
