import type { AuditEntry } from '@tollgate/contracts';

const columns: Readonly<Record<string, (entry: AuditEntry) => unknown>> = {
  index: (entry) => entry.index,
  position: (entry) => entry.position,
  id: (entry) => entry.id,
  at: (entry) => entry.at,
  orgId: (entry) => entry.orgId,
  spaceId: (entry) => entry.spaceId,
  namespace: (entry) => entry.namespace,
  action: (entry) => entry.action,
  version: (entry) => entry.version,
  outcome: (entry) => entry.outcome,
  reason: (entry) => entry.reason,
  actorType: (entry) => entry.actor.type,
  actorId: (entry) => entry.actor.id,
  actorName: (entry) => entry.actor.name,
  targetTypes: (entry) => entry.targets.map(({ type }) => type).join(' '),
  targetIds: (entry) => entry.targets.map(({ id }) => id).join(' '),
  targetNames: (entry) => entry.targets.map(({ name }) => name ?? '').join(' | '),
  before: (entry) => entry.before && JSON.stringify(entry.before),
  after: (entry) => entry.after && JSON.stringify(entry.after),
  requestId: (entry) => entry.context.requestId,
  traceId: (entry) => entry.context.traceId,
  ip: (entry) => entry.context.ip,
  userAgent: (entry) => entry.context.userAgent,
  commitment: (entry) => entry.context.commitment,
};

/** The first line, with the names of the columns. RFC 4180: lines end with CR and LF. */
export const csvHead = `${Object.keys(columns).map(csvCell).join(',')}\r\n`;

/** An entry as a line of CSV. It can be read by eye and by spreadsheets; only NDJSON carries proofs. */
export function csvLine(entry: AuditEntry): string {
  return `${Object.values(columns)
    .map((column) => csvCell(column(entry)))
    .join(',')}\r\n`;
}

/**
 * A quoted cell. Spreadsheets run a text that begins with `=`, `+`, `-`, `@`, a tab or a line break as a formula
 * (https://owasp.org/www-community/attacks/CSV_Injection), so an apostrophe goes in front of it.
 */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
