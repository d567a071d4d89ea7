import type { AuditEntry, OutputOf, personalLookup } from '@tollgate/contracts';
import type { StoredEntry } from './ports.ts';

export type Personal = OutputOf<typeof personalLookup>;

/** The ids under which people and requests that entries mention are looked up, each once. */
export function personalIdsOf(entries: readonly StoredEntry[]): { accountIds: string[]; requestIds: string[] } {
  const mentioned = entries.flatMap(({ actorType, actorId, targetTypes, targetIds }) => [
    ...(actorType === 'account' ? [actorId] : []),
    ...targetIds.filter((_, index) => targetTypes[index] === 'account'),
  ]);
  const requestIds = entries.flatMap(({ requestId }) => requestId ?? []);
  return { accountIds: [...new Set(mentioned)], requestIds: [...new Set(requestIds)] };
}

/** An entry with everything that is joined at read. What was erased, or never had a name, is null. */
export function present(stored: StoredEntry, personal: Personal): AuditEntry {
  const { actorType, actorId, targetTypes, targetIds, requestId, traceId, commitment, names, ...entry } = stored;
  const named = (type: string, id: string) => ({
    type,
    id,
    name: (type === 'account' ? personal.accounts[id]?.name : names[id]) ?? null,
  });
  const request = requestId === null ? undefined : personal.requests[requestId];
  return {
    ...entry,
    actor: named(actorType, actorId),
    targets: targetIds.map((id, index) => named(targetTypes[index] as string, id)),
    context: { requestId, traceId, ip: request?.ip ?? null, userAgent: request?.userAgent ?? null, commitment },
  };
}
