import type { BalanceReport } from '@tollgate/contracts';

/**
 * What organizations can spend, as far as this verifier has heard. No record: balances come over the bus and may be late or
 * lost, so a verification only turns away what the reservation would turn away most likely. The reservation decides.
 */
export class BalanceView {
  readonly #available = new Map<string, number>();
  /** The part that comes next, of those that say all; -1 when one of them was missed. */
  #nextPart = -1;
  #knowsAll = false;

  /** Takes what billing-meter published; the last word counts. */
  update({ balances, all }: BalanceReport): void {
    // A double is exact up to 2^53 micro-units, nine billion of the currency, and this is a hint.
    for (const { orgId, availableMicros } of balances) this.#available.set(orgId, Number(availableMicros));
    if (!all) return;
    const inOrder = all.part === 0 || all.part === this.#nextPart;
    this.#nextPart = inOrder ? all.part + 1 : -1;
    if (inOrder && all.last) this.#knowsAll = true;
  }

  /**
   * A payment stands in the log; billing-meter speaks of it a moment later. When it has spoken already this counts twice until
   * it speaks again, which refuses nothing that could be paid.
   */
  toppedUp(orgId: string, amountMicros: string): void {
    if (this.#knowsAll || this.#available.has(orgId))
      this.#available.set(orgId, (this.#available.get(orgId) ?? 0) + Number(amountMicros));
  }

  /** True when the organization is known to have less: also when all balances are known and it has none. */
  lacks(orgId: string, costMicros: string): boolean {
    const available = this.#available.get(orgId) ?? (this.#knowsAll ? 0 : Number.POSITIVE_INFINITY);
    return Number(costMicros) > available;
  }
}
