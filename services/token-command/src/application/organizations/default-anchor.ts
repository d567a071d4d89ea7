/** The first of the month of creation at local midnight, as RFC 3339 UTC with milliseconds: where billing is anchored by default. */
export function defaultAnchor(now: string, timeZone: string): string {
  const local = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone);
  const first = local.toPlainDate().with({ day: 1 }).toZonedDateTime({ timeZone });
  return new Date(first.epochMilliseconds).toISOString();
}
