import { z } from 'zod';
import { operation } from '../operation.ts';
import { AccountId, AccountKind, OrgId, RoleName, SpaceId } from '../values.ts';

/** Between services only. The receiver relies on NATS permissions: no outside user may publish to `tollgate.internal.>`. */
const internal = { service: 'token-command', kind: 'query', who: ['caller'], internal: true } as const;

export const principalsResolve = operation({
  ...internal,
  name: 'principals.resolve',
  summary: 'Who a JWT subject is in an organization',
  input: z.strictObject({ org: OrgId, subject: z.string().max(200), space: SpaceId.optional() }),
  output: z.object({
    account: z
      .object({ id: AccountId, kind: AccountKind, role: RoleName, active: z.boolean(), administersSpace: z.boolean() })
      .nullable(),
  }),
});

/**
 * A page of the main log, cut so that it fits a message. `limit` 0 asks for the head alone: a `strict` verification reads
 * the primary this way, and compares expiries with the time of that answer.
 */
export const logRead = operation({
  ...internal,
  name: 'log.read',
  summary: 'Read events after a position',
  input: z.strictObject({ after: z.number().int().nonnegative(), limit: z.number().int().min(0).max(5000) }),
  output: z.object({
    logId: z.string(),
    head: z.number().int(),
    /** Authority time when the head was read, Unix milliseconds. */
    authorityTimeMs: z.number().int(),
    events: z.array(z.unknown()),
  }),
});

const SnapshotPlace = z.object({ kind: z.number().int(), key: z.string().max(200) }).nullable();

/**
 * What a verifier begins with: all that decisions rest on, as rows in the order of kind and key, in pages that fit a
 * message. Each page says up to which position of the log its rows hold all events; the feed makes up for the difference.
 */
export const replicaSnapshot = operation({
  ...internal,
  name: 'replica.snapshot',
  summary: 'Read a page of what verifiers hold in memory',
  input: z.strictObject({ after: SnapshotPlace }),
  output: z.object({ logId: z.string(), position: z.number().int(), rows: z.string(), next: SnapshotPlace }),
});

/** Erasable data, joined at read: absent once a person was erased. */
export const personalLookup = operation({
  ...internal,
  name: 'personal.lookup',
  summary: 'Names of accounts and request contexts',
  input: z.strictObject({ accountIds: z.array(z.string()).max(1000), requestIds: z.array(z.string()).max(1000) }),
  output: z.object({
    accounts: z.record(z.string(), z.object({ name: z.string().nullable() })),
    requests: z.record(z.string(), z.object({ ip: z.string().nullable(), userAgent: z.string().nullable() })),
  }),
});

/**
 * A lease: the row is committed first, the head is read after it (design: the promise of revocation, step 2).
 * The lease ends `leaseMs` after the verifier took t0, which it does before it sends this request.
 */
export const leasesRenew = operation({
  ...internal,
  name: 'leases.renew',
  kind: 'command',
  summary: 'Take or renew the lease of one verifier incarnation',
  input: z.strictObject({
    incarnation: z.string().min(16).max(64),
    verifier: z.string().min(1).max(100),
    /** The last event that the verifier holds: after a restore the log may have gone on from before it. Null before the first one. */
    applied: z.strictObject({ position: z.number().int().positive(), eventId: z.string().max(64) }).nullable(),
  }),
  output: z.object({
    logId: z.string(),
    /** False: the log holds another event at that position, or none. No lease was granted; the verifier begins again. */
    sameHistory: z.boolean(),
    leaseMs: z.number().int(),
    head: z.number().int(),
    /** Authority time at the grant, Unix milliseconds: what expiries are compared with. */
    authorityTimeMs: z.number().int(),
  }),
});

export const leasesReturn = operation({
  ...internal,
  name: 'leases.return',
  kind: 'command',
  summary: 'Give a lease back, after the verifier stopped accepting',
  input: z.strictObject({ incarnation: z.string().min(16).max(64) }),
  output: z.object({ returned: z.boolean() }),
});
