import canonicalize from 'canonicalize';
import { leafHash } from './hashes.ts';

/**
 * What is proven of an audit entry: ids, and no name of a person, IP address or user agent. Those are erasable; the request
 * they came with is bound by a salted commitment that was made when the event was decided.
 */
export interface ProvenRecord {
  /** Of this record's shape and of what its action means. */
  readonly version: number;
  readonly id: string;
  readonly position: number;
  readonly index: number;
  readonly at: string;
  readonly orgId: string | null;
  readonly spaceId: string | null;
  readonly namespace: string;
  readonly action: string;
  readonly actor: Identity;
  readonly targets: readonly Identity[];
  readonly outcome: string;
  readonly reason: string | null;
  readonly before: object | null;
  readonly after: object | null;
  readonly context: {
    readonly requestId: string | null;
    readonly traceId: string | null;
    /** Base64 SHA-256 over salt, IP address and user agent. */
    readonly commitment: string | null;
  };
}

/**
 * The action of the entry by which retention takes the contents of the oldest entries away: its `after.entries` says of how
 * many, from the first one on. Nobody may report an action that begins so.
 */
export const removalAction = 'audit.entries_removed';

interface Identity {
  readonly type: string;
  readonly id: string;
}

/** The record in an entry that may have more: names, IP address and user agent stay out. */
export function provenRecord(entry: ProvenRecord): ProvenRecord {
  const { version, id, position, index, at, orgId, spaceId, namespace, action, outcome, reason, before, after } = entry;
  const { requestId, traceId, commitment } = entry.context;
  return {
    ...{ version, id, position, index, at, orgId, spaceId, namespace, action },
    actor: identity(entry.actor),
    targets: entry.targets.map(identity),
    ...{ outcome, reason, before, after },
    context: { requestId, traceId, commitment },
  };
}

/** The leaf hash of an entry: over its proven record as canonical JSON (RFC 8785). */
export function recordHash(entry: ProvenRecord): Buffer {
  const text = canonicalize(provenRecord(entry));
  if (text === undefined) throw new TypeError('a record is an object');
  return leafHash(text);
}

function identity({ type, id }: Identity): Identity {
  return { type, id };
}
