/** What an organization could spend when billing-meter last said so. */
export interface KnownBalance {
  readonly orgId: string;
  /** A digit string. */
  readonly availableMicros: string;
}

/**
 * What organizations can spend, as far as this verifier has heard. No record: balances come over the bus and may be late or
 * lost, so a verification only turns away what the reservation would turn away most likely. The reservation decides.
 */
export class BalanceView {
  readonly #available = new Map<string, number>();

  /** Takes what billing-meter published; the last word counts. */
  update(balances: Iterable<KnownBalance>): void {
    // A double is exact up to 2^53 micro-units, nine billion of the currency, and this is a hint.
    for (const { orgId, availableMicros } of balances) this.#available.set(orgId, Number(availableMicros));
  }

  /** True when the organization is known to have less. Of one that nothing was heard of, nothing is refused. */
  lacks(orgId: string, costMicros: string): boolean {
    const available = this.#available.get(orgId);
    return available !== undefined && Number(costMicros) > available;
  }
}
