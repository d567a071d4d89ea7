/**
 * Audit entries as events of the Open Cybersecurity Schema Framework, version 1.3.0 (https://schema.ocsf.io/1.3.0): classes of
 * Identity & Access Management for what changed, API Activity for what was done with tokens and with the log itself.
 */

/** An entry, as it is shown or as it is proven: then without names, IP address and user agent. */
export interface OcsfSource {
  readonly id: string;
  readonly index: number;
  readonly at: string;
  readonly orgId: string | null;
  readonly spaceId: string | null;
  readonly namespace: string;
  readonly action: string;
  readonly actor: Named;
  readonly targets: readonly Named[];
  readonly outcome: string;
  readonly reason: string | null;
  readonly before: object | null;
  readonly after: object | null;
  readonly context: {
    readonly requestId: string | null;
    readonly traceId: string | null;
    readonly ip?: string | null;
    readonly userAgent?: string | null;
    readonly commitment: string | null;
  };
}

interface Named {
  readonly type: string;
  readonly id: string;
  readonly name?: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a class demands besides the base event, and which of its activities this is. */
interface Classified {
  readonly class: keyof typeof classes;
  readonly activity: keyof typeof activities;
  readonly fields: Fields;
}

const schemaVersion = '1.3.0';

const classes = {
  'Account Change': { uid: 3001, category: 'Identity & Access Management' },
  Authentication: { uid: 3002, category: 'Identity & Access Management' },
  'Entity Management': { uid: 3004, category: 'Identity & Access Management' },
  'User Access Management': { uid: 3005, category: 'Identity & Access Management' },
  'API Activity': { uid: 6003, category: 'Application Activity' },
} as const;

/** The number of an activity in its class. 99 is any other: its name then is the action's. */
const activities = {
  Create: 1,
  Read: 2,
  Update: 3,
  Delete: 4,
  Disable: 5,
  'Delete account': 6,
  'Assign Privileges': 1,
  'Revoke Privileges': 2,
  Logon: 1,
  Other: 99,
} as const;

const captions: Partial<Record<keyof typeof activities, string>> = { 'Delete account': 'Delete' };

/** Verbs that make something or end it for good. All others change something. */
const creations = new Set(['created', 'registered', 'added']);
const endings = new Set(['revoked', 'removed', 'erased', 'entries_removed']);

/** @returns a JSON object with every attribute that its class requires */
export function ocsfEvent(entry: OcsfSource): Fields {
  const { class: name, activity, fields } = classify(entry);
  const { uid, category } = classes[name];
  const id = activities[activity];
  const severity = severityOf(entry);
  const success = entry.outcome === 'success';
  const { requestId, traceId } = entry.context;
  return {
    activity_id: id,
    activity_name: activity === 'Other' ? entry.action : (captions[activity] ?? activity),
    category_uid: Math.floor(uid / 1000),
    category_name: category,
    class_uid: uid,
    class_name: name,
    type_uid: uid * 100 + id,
    time: Date.parse(entry.at),
    severity_id: severity.id,
    severity: severity.name,
    status_id: success ? 1 : 2,
    status: success ? 'Success' : 'Failure',
    ...(entry.reason === null ? {} : { status_detail: entry.reason }),
    message: messageOf(entry),
    metadata: {
      version: schemaVersion,
      product: { name: 'Tollgate', vendor_name: 'Tollgate' },
      uid: entry.id,
      sequence: entry.index,
      event_code: entry.action,
      log_name: entry.namespace,
      log_provider: 'tollgate-audit',
      original_time: entry.at,
      ...(entry.orgId === null ? {} : { tenant_uid: entry.orgId }),
      ...(requestId === null ? {} : { correlation_uid: requestId }),
    },
    actor: { user: userOf(entry.actor, entry.orgId) },
    ...requestOf(entry),
    ...fields,
    unmapped: {
      index: entry.index,
      targets: entry.targets.map(({ type, id: target }) => ({ type, id: target })),
      before: entry.before,
      after: entry.after,
      spaceId: entry.spaceId,
      traceId,
      commitment: entry.context.commitment,
    },
  };
}

/** An event in a line of NDJSON. */
export function ocsfLine(entry: OcsfSource): string {
  return `${JSON.stringify(ocsfEvent(entry))}\n`;
}

function classify(entry: OcsfSource): Classified {
  const { action, targets, orgId } = entry;
  const [first] = targets;
  const [subject = '', verb = ''] = action.split('.');
  if (action === 'attempts.refused') return refusedAttempts(entry);
  if (action === 'audit.read' || action === 'audit.exported') return apiCall(entry, 'Read', 'tollgate');
  if ('reportedBy' in after(entry)) return apiCall(entry, 'Other', String(after(entry)['reportedBy']));
  if (subject === 'membership' || action === 'account.role_changed') return privileges(entry);
  if (subject === 'account' && first?.type === 'account') {
    const activity = { created: 'Create', deactivated: 'Disable', erased: 'Delete account' } as const;
    const known = activity[verb as keyof typeof activity] as Classified['activity'] | undefined;
    return { class: 'Account Change', activity: known ?? 'Other', fields: { user: userOf(first, orgId) } };
  }
  const activity = creations.has(verb) ? 'Create' : endings.has(verb) ? 'Delete' : 'Update';
  return {
    class: 'Entity Management',
    activity,
    fields: {
      entity: entityOf(first ?? { type: 'organization', id: orgId ?? 'platform' }),
      ...(entry.reason === null ? {} : { comment: entry.reason }),
    },
  };
}

/** What an account may do. Where an event does not list it, the space or role stands for it. */
function privileges(entry: OcsfSource): Classified {
  const { targets, orgId, action } = entry;
  const account = targets.find(({ type }) => type === 'account') ?? { type: 'account', id: 'unknown' };
  const space = targets.find(({ type }) => type === 'space');
  const { permissions, role } = after(entry) as { permissions?: readonly string[]; role?: string };
  const listed = [...(permissions ?? []), ...(role === undefined ? [] : [`role:${role}`])];
  return {
    class: 'User Access Management',
    activity: action === 'membership.removed' ? 'Revoke Privileges' : 'Assign Privileges',
    fields: {
      user: userOf(account, orgId),
      privileges: listed.length > 0 ? listed : ['member'],
      ...(space ? { resource: entityOf(space) } : {}),
    },
  };
}

function refusedAttempts(entry: OcsfSource): Classified {
  const [token] = entry.targets;
  const { count } = after(entry) as { count?: number };
  return {
    class: 'Authentication',
    activity: 'Logon',
    fields: {
      user: userOf(token ?? { type: 'token', id: 'unknown' }, entry.orgId),
      service: { name: entry.actor.id },
      ...(count === undefined ? {} : { count }),
    },
  };
}

function apiCall(entry: OcsfSource, activity: Classified['activity'], service: string): Classified {
  const { ip } = entry.context;
  return {
    class: 'API Activity',
    activity,
    fields: {
      api: { operation: entry.action, service: { name: service } },
      // What is required is an address; where no request is known, the service that reported stands for it.
      src_endpoint: ip ? { ip } : { svc_name: service },
      resources: entry.targets.map(entityOf),
    },
  };
}

function requestOf({ context: { ip, requestId, userAgent } }: OcsfSource): Fields {
  return {
    ...(ip ? { src_endpoint: { ip } } : {}),
    ...(requestId === null
      ? {}
      : { http_request: { uid: requestId, ...(userAgent ? { user_agent: userAgent } : {}) } }),
  };
}

const userTypes: Readonly<Record<string, readonly [number, string]>> = {
  account: [1, 'User'],
  operator: [2, 'Admin'],
  system: [3, 'System'],
  service: [4, 'Service'],
};

function userOf({ type, id, name }: Named, orgId: string | null): Fields {
  const [typeId, caption] = userTypes[type] ?? [99, type];
  return {
    uid: id,
    ...(name ? { name } : {}),
    type_id: typeId,
    type: caption,
    ...(orgId === null ? {} : { org: { uid: orgId } }),
  };
}

const entityOf = ({ type, id, name }: Named): Fields => ({ uid: id, type, ...(name ? { name } : {}) });

const after = (entry: OcsfSource): Fields => (entry.after ?? {}) as Fields;

function severityOf({ action, outcome }: OcsfSource): { id: number; name: string } {
  if (action === 'token.leaked') return { id: 4, name: 'High' };
  return outcome === 'refused' ? { id: 2, name: 'Low' } : { id: 1, name: 'Informational' };
}

function messageOf({ action, actor, targets }: OcsfSource): string {
  const on = targets.map(({ type, id }) => `${type} ${id}`).join(', ');
  return `${action} by ${actor.type} ${actor.id}${on === '' ? '' : ` on ${on}`}`;
}
