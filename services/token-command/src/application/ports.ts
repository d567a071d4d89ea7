import type { SnapshotPage } from '@tollgate/verifier';
import type { AccountKind } from '@tollgate/contracts';

/** Injection tokens of what the application needs from outside; the adapters provide it. */
export const DATABASE = Symbol('Kysely of this service');
/** Connections for leases and reads of the log alone: however many commands wait, verifiers keep their leases. */
export const LEASE_POOL = Symbol('Pool of leases and of the log');
export const STREAMS = Symbol('StreamReader of the main log');
export const EVENT_SOURCE = Symbol('EventSource of the main log');
export const EVENT_STORE = Symbol('EventStore of the main log');
export const IDEMPOTENCY_KEYS = Symbol('IdempotencyKeys');
export const PEOPLE = Symbol('People');
export const TOKEN_LIST = Symbol('TokenList');
export const PRODUCT_LIST = Symbol('ProductList');
export const DIRECTORY_LIST = Symbol('DirectoryList');
export const READ_MODEL = Symbol('ReadModel');
export const REPLICA_PROJECTION = Symbol('ReplicaProjection');
export const REPLICA_ROWS = Symbol('ReplicaRows');
export const LEASES = Symbol('Leases');
export const LEASE_TERMS = Symbol('LeaseTerms');
export const USAGE_FEED = Symbol('UsageFeed');
export const USAGE = Symbol('Usage');
export const SIGNALS = Symbol('Signals');

/** An `Idempotency-Key`, per organization, caller and operation, and the hash of the request it came with. */
export interface IdempotencyKey {
  readonly orgId: string | null;
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
  readonly requestHash: string;
}

export interface KeptAnswer {
  readonly requestHash: string;
  readonly answer: unknown;
}

export interface IdempotencyKeys {
  /** What was kept when the key was first used; null for a new one. */
  find(key: IdempotencyKey): Promise<KeptAnswer | null>;
}

/** Erasable data of a person. */
export interface Person {
  readonly name: string;
  readonly email: string | null;
  readonly externalSubject: string | null;
}

export interface People {
  /** Absent: erased, or never there. */
  find(accountIds: readonly string[]): Promise<ReadonlyMap<string, Person>>;
  /** The account that an outside issuer's subject belongs to. */
  accountOf(orgId: string, externalSubject: string): Promise<string | null>;
  /** Deletes what is known of a person: its row and the contexts of its requests. Repeated, it finds nothing left. */
  erase(accountId: string): Promise<void>;
  requests(
    requestIds: readonly string[],
  ): Promise<ReadonlyMap<string, { ip: string | null; userAgent: string | null }>>;
}

/** What a token's answer shows beyond the token's own events. */
export interface TokenSurroundings {
  readonly account: { readonly kind: AccountKind; readonly name: string | null };
  readonly usageCount: number;
  readonly lastUsedAt: string | null;
  readonly previousUsedAt: string | null;
}

/** What verifiers hold, as rows. */
export interface ReplicaRows {
  /** The rows after a cursor, all of one moment; see `SnapshotPage`. */
  page(after: SnapshotPage['next']): Promise<SnapshotPage>;
}
