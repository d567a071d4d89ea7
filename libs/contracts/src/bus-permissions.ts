import { subjectOf, type AnyOperation, type ServiceName } from './operation.ts';
import { allOperations } from './operations/index.ts';
import { streams, subjects } from './subjects.ts';

/** What callers outside the platform may be given, one or several per NATS user (`tollgate nats creds NAME --allow …`). */
export const outsideGrants = [
  'verify',
  'embedded-verifier',
  'events-feed',
  'billing-feed',
  'audit-feed',
  'usage-feed',
  'audit-records',
  'charges',
] as const;
export type OutsideGrant = (typeof outsideGrants)[number];

export type BusUser = ServiceName | `outside:${OutsideGrant}`;

/** The subjects of one NATS user. What is not allowed is refused by the server. */
export interface BusPermissions {
  publish: { allow: string[] };
  subscribe: { allow: string[] };
  /** May answer a request it received, on that request's reply subject and nowhere else, this often and this long. */
  responses?: { max: number; ttlMs: number };
}

/**
 * Internal operations by caller: a name, or a whole group (`leases.`). Operations of a service's own need no entry.
 * This table is the only guard of `tollgate.internal.>`, whose operations carry no JWT.
 */
const callsInternal: Record<ServiceName, readonly string[]> = {
  'api-gateway': ['principals.resolve'],
  'token-command': ['billing.close-due'],
  'auth-verifier': ['principals.resolve', 'log.read', 'replica.', 'leases.', 'security.', 'usage.', 'tokens.describe'],
  'billing-meter': ['principals.resolve', 'log.read', 'personal.lookup'],
  'audit-projector': [
    'principals.resolve',
    'log.read',
    'personal.lookup',
    'audit.report-reads',
    'audit.report-export',
    'audit.remove-entries',
  ],
  // Hashes and signatures, and nothing else: a witness may stand on a machine of somebody else.
  witness: ['witness.'],
};

/** The HTTP server that forwards a public operation to the bus. */
const doorkeepers = { control: 'api-gateway', data: 'auth-verifier' } as const satisfies Record<string, ServiceName>;

/** Subjects beside the operations: the feed of the main log, the barrier, and the streams a service writes. */
const besides: Record<ServiceName, { publish: readonly string[]; subscribe: readonly string[] }> = {
  // Its readiness asks whether the services behind it answer.
  'api-gateway': { publish: ['$SRV.PING.*'], subscribe: [] },
  'token-command': {
    publish: [
      subjects.events,
      subjects.feed,
      'tollgate.heads.>',
      'tollgate.wake.>',
      subjects.barrierWake,
      ...streamWriter(streams.events),
      subjects.usageCounts,
      ...streamWriter(streams.usage),
    ],
    subscribe: [subjects.feed, 'tollgate.heads.>', 'tollgate.wake.>', subjects.barrierAck],
  },
  'auth-verifier': {
    publish: [subjects.barrierAck, subjects.balancesAsk],
    subscribe: [subjects.feed, 'tollgate.heads.>', subjects.barrierWake, subjects.balances],
  },
  'billing-meter': {
    publish: [subjects.billing, subjects.balances, ...streamWriter(streams.billing)],
    subscribe: [subjects.feed, 'tollgate.heads.>', subjects.balancesAsk],
  },
  'audit-projector': {
    publish: [subjects.audit, subjects.auditOcsf, ...streamWriter(streams.audit), ...streamWriter(streams.auditOcsf)],
    subscribe: [subjects.feed, 'tollgate.heads.>'],
  },
  witness: { publish: [], subscribe: [] },
};

/** The streams behind each feed. */
const feedStreams: Record<
  Exclude<OutsideGrant, 'verify' | 'embedded-verifier' | 'audit-records' | 'charges'>,
  readonly string[]
> = {
  'events-feed': [streams.events],
  'billing-feed': [streams.billing],
  'audit-feed': [streams.audit, streams.auditOcsf],
  'usage-feed': [streams.usage],
};

const chargeSubjects = ['charges.reserve', 'charges.capture', 'charges.release'].map((name) => subjectOf({ name }));

/** The prefix of a service's inboxes: replies to it arrive at `_INBOX_<service>.…`, which no other service may read. */
export function inboxPrefixOf(service: ServiceName): string {
  return `_INBOX_${service}`;
}

/** The subjects that a NATS user may use, derived from the operations. */
export function busPermissions(user: BusUser): BusPermissions {
  return user.startsWith('outside:')
    ? outsidePermissions(user.slice('outside:'.length) as OutsideGrant)
    : servicePermissions(user as ServiceName);
}

/** The union of several users' permissions, for an outside caller with several grants. */
export function mergePermissions(all: readonly BusPermissions[]): BusPermissions {
  return {
    publish: { allow: [...new Set(all.flatMap((permissions) => permissions.publish.allow))] },
    subscribe: { allow: [...new Set(all.flatMap((permissions) => permissions.subscribe.allow))] },
  };
}

function servicePermissions(service: ServiceName): BusPermissions {
  const served = allOperations.filter((op) => op.service === service).map(subjectOf);
  const called = allOperations.filter((op) => mayCall(service, op)).map(subjectOf);
  return {
    publish: { allow: [...called, ...besides[service].publish] },
    subscribe: {
      allow: [...served, ...serviceApi(service), `${inboxPrefixOf(service)}.>`, ...besides[service].subscribe],
    },
    // As long as the slowest operation may take.
    responses: { max: 1, ttlMs: 300_000 },
  };
}

function mayCall(service: ServiceName, op: AnyOperation): boolean {
  if (op.service === service) return false;
  if (!op.internal) return op.http !== undefined && doorkeepers[op.http.door ?? 'control'] === service;
  return callsInternal[service].some((entry) => (entry.endsWith('.') ? op.name.startsWith(entry) : op.name === entry));
}

/** ADR-32: a service answers PING, INFO and STATS for all services, for its name, and for one instance of it. */
function serviceApi(service: ServiceName): string[] {
  return ['PING', 'INFO', 'STATS'].flatMap((verb) => [
    `$SRV.${verb}`,
    `$SRV.${verb}.${service}`,
    `$SRV.${verb}.${service}.*`,
  ]);
}

/** What a service needs to make its stream and keep its configuration right. Messages go to the stream's subjects. */
function streamWriter(stream: string): string[] {
  return ['$JS.API.INFO', ...['CREATE', 'UPDATE', 'INFO'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`)];
}

function outsidePermissions(grant: OutsideGrant): BusPermissions {
  // Plain clients put their inboxes below `_INBOX`, so outside callers share that prefix.
  const subscribe = { allow: ['_INBOX.>'] };
  if (grant === 'embedded-verifier') return embeddedVerifierPermissions();
  // The receiver checks the scope of the JWT that comes along.
  if (grant === 'charges') return { publish: { allow: chargeSubjects }, subscribe };
  if (grant === 'audit-records') return { publish: { allow: [subjectOf({ name: 'audit.record' })] }, subscribe };
  if (grant !== 'verify') return { publish: { allow: feedStreams[grant].flatMap(streamReader) }, subscribe };
  const decisions = allOperations.filter((op) => op.service === 'auth-verifier' && op.who.includes('caller'));
  return { publish: { allow: [...decisions.filter((op) => !op.internal).map(subjectOf), '$SRV.>'] }, subscribe };
}

/**
 * A verifier in a process of its user: it reads the log, holds a lease, acknowledges and reports what it counted, and does nothing else. It sees the digests of
 * all tokens and may hold up every revoke for the length of a lease, so it is given to processes as trusted as auth-verifier.
 */
function embeddedVerifierPermissions(): BusPermissions {
  const calls = allOperations.filter(({ name }) =>
    [
      'log.read',
      'replica.snapshot',
      'leases.renew',
      'leases.return',
      'usage.report',
      'security.report-attempts',
    ].includes(name),
  );
  return {
    publish: { allow: [...calls.map(subjectOf), subjects.barrierAck, subjects.balancesAsk] },
    subscribe: { allow: ['_INBOX.>', subjects.feed, subjects.heads, subjects.barrierWake, subjects.balances] },
  };
}

/** The JetStream API as far as one stream's consumers need it (ADR-1 subjects): make, read, acknowledge, remove. */
function streamReader(stream: string): string[] {
  const consumer = '$JS.API.CONSUMER';
  return [
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.${stream}`,
    `${consumer}.CREATE.${stream}`,
    `${consumer}.CREATE.${stream}.>`,
    `${consumer}.DURABLE.CREATE.${stream}.*`,
    `${consumer}.INFO.${stream}.*`,
    `${consumer}.NAMES.${stream}`,
    `${consumer}.LIST.${stream}`,
    `${consumer}.DELETE.${stream}.*`,
    `${consumer}.MSG.NEXT.${stream}.*`,
    `$JS.ACK.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
}
