/** One lease as it was read. `renewal` tells a later lease of the same incarnation apart. */
export interface Lease {
  readonly incarnation: string;
  readonly verifier: string;
  readonly renewal: number;
}

/**
 * Whether the lease rows are all that were committed. A restore, a failover or a new start of Postgres changes `state`, and
 * `intact` is false until `vouch` says that all leases which may be missing have ended.
 */
export interface LeaseMark {
  readonly intact: boolean;
  /** What was found: the run of Postgres and the mark beside the leases. */
  readonly state: string;
}

/** Leases are rows in Postgres, so an authority that starts anew knows them. */
export interface Leases {
  /** Committed when it resolves. */
  renew(incarnation: string, verifier: string): Promise<void>;
  giveBack(incarnation: string): Promise<boolean>;
  /** The leases and their mark, as of one moment. */
  all(): Promise<{ readonly leases: readonly Lease[]; readonly mark: LeaseMark }>;
  mark(): Promise<LeaseMark>;
  /** From now on the rows are all there is, unless what is found is another state than this by now. */
  vouch(state: string): Promise<void>;
  /** Removes leases that have not been renewed since they were read. */
  forget(leases: readonly Lease[]): Promise<void>;
}

export interface LeaseTerms {
  /** L: how long a lease holds on its verifier's clock. */
  readonly leaseMs: number;
  /** M: what the authority waits beyond L; a verifier's clock may run at L/(L+M) of the authority's rate. */
  readonly marginMs: number;
}

/** Core NATS: fast, and never the record. */
export interface Signals {
  publish(subject: string, body: unknown): void;
  subscribe(subject: string, onMessage: (body: unknown) => void): () => void;
}
