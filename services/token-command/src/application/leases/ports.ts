/** One lease as it was read. `renewal` tells a later lease of the same incarnation apart. */
export interface Lease {
  readonly incarnation: string;
  readonly verifier: string;
  readonly renewal: number;
}

/** Leases are rows in Postgres, so an authority that starts anew knows them. */
export interface Leases {
  /** Committed when it resolves. */
  renew(incarnation: string, verifier: string): Promise<void>;
  giveBack(incarnation: string): Promise<boolean>;
  all(): Promise<readonly Lease[]>;
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
