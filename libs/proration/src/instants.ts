/** A half-open stretch of time, `start` in, `end` out. Both are RFC 3339 instants with `Z` or an offset. */
export interface Interval {
  start: string;
  end: string;
}

/** The same with both ends read. */
export interface Span {
  start: Temporal.Instant;
  end: Temporal.Instant;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;
const dateOnly = /^\d{4}-\d\d-\d\d$/;

/** Reads an RFC 3339 instant. `what` names the value in the RangeError of a text that is none. */
export function readInstant(text: string, what: string): Temporal.Instant {
  if (typeof text === 'string' && rfc3339.test(text)) {
    try {
      return Temporal.Instant.from(text);
    } catch {
      // Right shape, impossible date: refused below like the rest.
    }
  }
  throw new RangeError(
    `${what} must be an RFC 3339 time such as 2026-01-31T12:00:00Z; ${JSON.stringify(text)} is none.`,
  );
}

/** Reads both ends and refuses an interval that ends before it starts. An empty interval is fine. */
export function readInterval(interval: Interval, what: string): Span {
  const start = readInstant(interval.start, `${what}.start`);
  const end = readInstant(interval.end, `${what}.end`);
  if (Temporal.Instant.compare(end, start) < 0) {
    throw new RangeError(`${what} ends at ${interval.end}, before it starts at ${interval.start}.`);
  }
  return { start, end };
}

/**
 * An RFC 3339 instant, or a date, which means its midnight in `timeZone` (the first moment of that day where the zone
 * skips midnight). Returns the instant in UTC with milliseconds or finer.
 */
export function instantOf(text: string, timeZone: string, what: string): string {
  if (typeof text !== 'string' || !dateOnly.test(text)) return formatInstant(readInstant(text, what));
  let date;
  try {
    date = Temporal.PlainDate.from(text);
  } catch {
    throw new RangeError(`${what} is no date of the calendar: ${JSON.stringify(text)}.`);
  }
  return formatInstant(date.toZonedDateTime(timeZone).toInstant());
}

/** The house form of an instant, `2026-01-31T12:00:00.000Z`; finer digits are kept only where there are any. */
export function formatInstant(instant: Temporal.Instant): string {
  return instant.epochNanoseconds % 1_000_000n === 0n
    ? instant.toString({ fractionalSecondDigits: 3 })
    : instant.toString();
}

/** Refuses a name that the tz database does not hold. */
export function checkTimeZone(timeZone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
  } catch {
    throw new RangeError(
      `timeZone must be a tz database zone such as Europe/Berlin; ${JSON.stringify(timeZone)} is none.`,
    );
  }
}

export function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) <= 0 ? a : b;
}

export function later(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) >= 0 ? a : b;
}
