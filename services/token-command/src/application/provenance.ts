import type { CallContext } from '@tollgate/bus';
import type { Actor, EventMeta } from '@tollgate/contracts';
import type { PersonalRow } from '@tollgate/event-log';
import { commitToRequest } from './request-commitment.ts';

/** Who did it, for events that no outside request stands behind. `requestId` ties them to the call that brought them. */
export function metaOf(actor: Actor, requestId: string): EventMeta {
  return {
    ...{ actor, correlationId: requestId, causationId: requestId },
    ...{ requestId: null, contextCommitment: null, traceparent: null },
  };
}

/** Who did it and whence, for the events, and the erasable row that their commitment refers to. */
export function provenance(
  { actor, ...origin }: { actor: Actor } & Pick<CallContext, 'requestId' | 'ip' | 'userAgent'>,
  orgId: string | null,
): { meta: EventMeta; request: PersonalRow | null } {
  const { requestId, ip, userAgent } = origin;
  const context = commitToRequest(origin);
  const own = metaOf(actor, requestId);
  if (!context) return { meta: own, request: null };
  const meta = { ...own, requestId, contextCommitment: context.commitment };
  const accountId = actor.type === 'account' ? actor.id : null;
  return { meta, request: { table: 'requests', requestId, orgId, accountId, ip, userAgent, salt: context.salt } };
}
