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

/** Stands where a person was, whose rows are gone. Something that never had a name, or did not say one, is null. */
const erased = 'erased';

/** An entry with everything that is joined at read. */
export function present(stored: StoredEntry, personal: Personal): AuditEntry {
  const { actorType, actorId, targetTypes, targetIds, requestId, traceId, commitment, names, ...entry } = stored;
  const nameOf = (type: string, id: string): string | null =>
    type === 'account' ? (personal.accounts[id] ?? { name: erased }).name : (names[id] ?? null);
  const named = (type: string, id: string) => ({ type, id, name: nameOf(type, id) });
  const { ip, userAgent } =
    requestId === null
      ? { ip: null, userAgent: null }
      : (personal.requests[requestId] ?? { ip: erased, userAgent: erased });
  return {
    ...entry,
    actor: named(actorType, actorId),
    targets: targetIds.map((id, index) => named(targetTypes[index] as string, id)),
    context: { requestId, traceId, ip, userAgent, commitment },
  };
}
