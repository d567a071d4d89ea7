/** What an organization could spend when billing-meter last said so. */
export interface KnownBalance {
  readonly orgId: string;
  /** A digit string. */
  readonly availableMicros: string;
}

/** What billing-meter says about balances: those that moved, or a part of all there are. */
export interface BalanceReport {
  readonly balances: readonly KnownBalance[];
  /** null: these have moved. Else the parts 0, 1, 2 … up to the last one are all balances there are. */
  readonly all: { readonly part: number; readonly last: boolean } | null;
}
