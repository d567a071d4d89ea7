/** Days of one time zone. The day that was asked for last is remembered with its ends: most questions are about today. */
export class Calendar {
  #zone = '';
  #from = '';
  #to = '';
  #day = '';

  /** The calendar day (`2027-01-14`) of an instant (RFC 3339 UTC with milliseconds). */
  dayOf(at: string, timeZone: string): string {
    if (timeZone === this.#zone && at >= this.#from && at < this.#to) return this.#day;
    const date = Temporal.Instant.from(at).toZonedDateTimeISO(timeZone).toPlainDate();
    const midnight = (day: Temporal.PlainDate) =>
      new Date(day.toZonedDateTime(timeZone).epochMilliseconds).toISOString();
    this.#zone = timeZone;
    this.#from = midnight(date);
    this.#to = midnight(date.add({ days: 1 }));
    this.#day = date.toString();
    return this.#day;
  }
}
