interface Minute<Subject> {
  readonly subject: Subject;
  readonly beginMs: number;
  /** The first of the minute was reported. */
  begun: boolean;
  /** What was counted and not reported yet. */
  count: number;
}

/** Something that happened `count` times to or by the same subject in one minute. */
export interface MinuteCount<Subject> {
  readonly subject: Subject;
  /** The beginning of the minute, RFC 3339 UTC. */
  readonly minute: string;
  readonly count: number;
  /** Another one for each report of these counts, so that the receiver knows a repetition. */
  readonly part: number;
}

const minuteMs = 60_000;

/**
 * Counts by subject and minute. The first of a minute is reported at once, the others together when the minute is over: whoever
 * looks hears of it early, and the log grows by two events a minute at most.
 */
export class MinuteCounts<Subject extends object> {
  readonly #minutes = new Map<string, Minute<Subject>>();
  /** Never begins anew: a clock that was put back brings a minute again whose reports were sent already. */
  #parts = 0;

  /**
   * @param key tells the subject from others
   * @param nowMs Unix milliseconds of the clock that minutes are cut by
   */
  add(key: string, subject: Subject, nowMs: number): void {
    const beginMs = Math.floor(nowMs / minuteMs) * minuteMs;
    const place = `${beginMs} ${key}`;
    let minute = this.#minutes.get(place);
    if (!minute) this.#minutes.set(place, (minute = { subject, beginMs, begun: false, count: 0 }));
    minute.count += 1;
  }

  /** What is due now, taken out, at most `max` of it; with `all`, what is not due yet as well. */
  take(nowMs: number, all: boolean, max: number): MinuteCount<Subject>[] {
    const taken: MinuteCount<Subject>[] = [];
    for (const [place, minute] of this.#minutes) {
      const over = nowMs >= minute.beginMs + minuteMs;
      if (minute.count > 0 && (over || all || !minute.begun)) {
        const { subject, beginMs, count } = minute;
        taken.push({ subject, minute: new Date(beginMs).toISOString(), count, part: ++this.#parts });
        Object.assign(minute, { begun: true, count: 0 });
      }
      if (over) this.#minutes.delete(place);
      if (taken.length === max) break;
    }
    return taken;
  }
}
