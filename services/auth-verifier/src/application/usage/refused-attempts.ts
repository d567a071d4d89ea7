import type { Decision, DecisionReason, InputOf, securityReportAttempts } from '@tollgate/contracts';

export type Attempts = InputOf<typeof securityReportAttempts>['attempts'][number];

interface Minute {
  readonly org: string;
  readonly tok: string;
  readonly reason: DecisionReason;
  readonly beginMs: number;
  /** Reports taken so far. */
  parts: number;
  /** Attempts since the last of them. */
  count: number;
}

const minuteMs = 60_000;
/** What one report holds at most. */
const attemptsMax = 100;

/**
 * Refused attempts with known tokens, by token, reason and minute. The first of a minute is reported at once, the others
 * together when the minute is over: security hears of it early, and the log grows by two events a minute at most.
 */
export class RefusedAttempts {
  readonly #minutes = new Map<string, Minute>();

  /** @param nowMs authority time, Unix milliseconds */
  add({ tokenId, orgId, reason }: Decision, nowMs: number): void {
    if (tokenId === undefined || orgId === undefined || reason === undefined) return;
    const beginMs = Math.floor(nowMs / minuteMs) * minuteMs;
    const key = `${tokenId} ${reason} ${beginMs}`;
    let minute = this.#minutes.get(key);
    if (!minute) this.#minutes.set(key, (minute = { org: orgId, tok: tokenId, reason, beginMs, parts: 0, count: 0 }));
    minute.count += 1;
  }

  /** What is due now, taken out; with `all`, what is not due yet as well. */
  take(nowMs: number, all: boolean): Attempts[] {
    const taken: Attempts[] = [];
    for (const [key, minute] of this.#minutes) {
      const over = nowMs >= minute.beginMs + minuteMs;
      if (minute.count > 0 && (over || all || minute.parts === 0)) {
        const { org, tok, reason, beginMs, count } = minute;
        taken.push({ org, tok, reason, minute: new Date(beginMs).toISOString(), count, part: ++minute.parts });
        minute.count = 0;
      }
      if (over) this.#minutes.delete(key);
      if (taken.length === attemptsMax) break;
    }
    return taken;
  }
}
