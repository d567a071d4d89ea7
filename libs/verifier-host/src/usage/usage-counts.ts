import { usageReportTokensMax, type Decision, type InputOf, type usageReport } from '@tollgate/contracts';

export type UsageBatch = InputOf<typeof usageReport>;
export type UsageColumns = Omit<UsageBatch, 'incarnation' | 'sequence'>;

interface Counts {
  readonly org: string;
  calls: number;
  lastUsedMs: number;
  /** Of the secret before, during its overlap; -Infinity: it was not used. */
  previousUsedMs: number;
}

/** How often each token was accepted. Runs on every verification, so it adds numbers and no more. */
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

  /** The counts of as many tokens as fit one report, taken out; null when there are none. */
  take(): UsageColumns | null {
    if (this.#tokens.size === 0) return null;
    const taken: UsageColumns = { orgs: [], tokens: [], calls: [], lastUsedMs: [], previousUsedMs: [] };
    for (const [token, { org, calls, lastUsedMs, previousUsedMs }] of this.#tokens) {
      taken.orgs.push(org);
      taken.tokens.push(token);
      taken.calls.push(calls);
      taken.lastUsedMs.push(Math.floor(lastUsedMs));
      taken.previousUsedMs.push(previousUsedMs === -Infinity ? null : Math.floor(previousUsedMs));
      this.#tokens.delete(token);
      if (taken.tokens.length === usageReportTokensMax) break;
    }
    return taken;
  }
}
