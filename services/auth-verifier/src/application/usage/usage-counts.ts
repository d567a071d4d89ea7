import { usageReportTokensMax, type Decision, type InputOf, type usageReport } from '@tollgate/contracts';

export type UsageBatch = InputOf<typeof usageReport>;

interface Counts {
  readonly org: string;
  calls: number;
  lastUsedMs: number;
  /** Of the secret before, during its overlap; -Infinity: it was not used. */
  previousUsedMs: number;
}

const instant = (ms: number) => new Date(ms).toISOString();

/** How often each token was accepted since its counts were last taken. Runs on every verification, so it adds numbers and no more. */
export class UsageCounts {
  readonly #tokens = new Map<string, Counts>();

  /** Tokens with counts that were not taken yet. */
  get size(): number {
    return this.#tokens.size;
  }

  /** @param nowMs authority time, Unix milliseconds */
  add({ tokenId, orgId, previousSecret }: Decision, nowMs: number): void {
    let counts = this.#tokens.get(tokenId as string);
    if (!counts) {
      counts = { org: orgId as string, calls: 0, lastUsedMs: nowMs, previousUsedMs: -Infinity };
      this.#tokens.set(tokenId as string, counts);
    }
    counts.calls += 1;
    if (nowMs > counts.lastUsedMs) counts.lastUsedMs = nowMs;
    if (previousSecret) counts.previousUsedMs = nowMs;
  }

  /** The counts of as many tokens as fit one report, taken out. */
  take(): UsageBatch['tokens'] {
    const taken: UsageBatch['tokens'] = [];
    for (const [tok, { org, calls, lastUsedMs, previousUsedMs }] of this.#tokens) {
      const previousUsedAt = previousUsedMs === -Infinity ? null : instant(previousUsedMs);
      taken.push({ org, tok, calls, lastUsedAt: instant(lastUsedMs), previousUsedAt });
      this.#tokens.delete(tok);
      if (taken.length === usageReportTokensMax) break;
    }
    return taken;
  }
}
