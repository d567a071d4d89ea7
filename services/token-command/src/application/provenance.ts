import type { CallContext } from '@tollgate/bus';
import type { Actor, EventMeta } from '@tollgate/contracts';
import type { PersonalRow } from '@tollgate/event-log';
import { commitToRequest } from './request-commitment.ts';

/** Who did it and whence, for the events, and the erasable row that their commitment refers to. */
export function provenance(
  { actor, ...origin }: { actor: Actor } & Pick<CallContext, 'requestId' | 'ip' | 'userAgent'>,
  orgId: string | null,
): { meta: EventMeta; request: PersonalRow | null } {
  const { requestId, ip, userAgent } = origin;
  const context = commitToRequest(origin);
  const meta: EventMeta = {
    actor,
    correlationId: requestId,
    causationId: requestId,
    requestId: context ? requestId : null,
    contextCommitment: context?.commitment ?? null,
    traceparent: null,
  };
  if (!context) return { meta, request: null };
  const accountId = actor.type === 'account' ? actor.id : null;
  return { meta, request: { table: 'requests', requestId, orgId, accountId, ip, userAgent, salt: context.salt } };
}
