import type { Decision, DecisionReason, InputOf, securityReportAttempts } from '@tollgate/contracts';
import { MinuteCounts } from '@tollgate/telemetry';

export type Attempts = InputOf<typeof securityReportAttempts>['attempts'][number];

/** What one report holds at most. */
const attemptsMax = 100;

/** Refused attempts with known tokens, by token, reason and minute. */
export class RefusedAttempts {
  readonly #counts = new MinuteCounts<{ org: string; tok: string; reason: DecisionReason }>();

  /** @param nowMs authority time, Unix milliseconds */
  add({ tokenId, orgId, reason }: Decision, nowMs: number): void {
    if (tokenId === undefined || orgId === undefined || reason === undefined) return;
    this.#counts.add(`${tokenId} ${reason}`, { org: orgId, tok: tokenId, reason }, nowMs);
  }

  /** What is due now, taken out; with `all`, what is not due yet as well. */
  take(nowMs: number, all: boolean): Attempts[] {
    return this.#counts.take(nowMs, all, attemptsMax).map(({ subject, ...counted }) => ({ ...subject, ...counted }));
  }
}
