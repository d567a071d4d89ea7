import type { EventData, EventType, RecordedTollgateEvent } from '@tollgate/contracts';
import { eventTypes, type Plan } from '@tollgate/contracts';
import { evolveSeat, isSeatEvent, type Seat } from '../domain/seat.ts';
import type { PlanSince } from '../domain/subscriber.ts';

export const ids = {
  org: 'org_01jd0000000000000000000000',
  otherOrg: 'org_01jd0000000000000000000001',
  account: 'acc_01jd0000000000000000000000',
  space: 'spc_01jd0000000000000000000000',
  token: (number: number) => `tok_${String(number).padStart(26, '0')}`,
};

const streamIds: Record<string, string> = { organization: ids.org, product: 'default', clock: 'development' };

/** An event as the log returns it, with everything that a test does not care about filled in. */
export function recorded<T extends EventType>(
  type: T,
  at: string,
  data: EventData<T>,
  place: { position?: number; orgId?: string | null } = {},
): RecordedTollgateEvent<T> {
  const { category, version } = eventTypes[type];
  const position = place.position ?? 1;
  const subject = 'tokenId' in data ? (data.tokenId as string) : streamIds[category];
  return {
    position,
    id: `evt_${position.toString(16).padStart(32, '0')}`,
    stream: `${category}-${subject}`,
    version: position,
    category,
    type,
    typeVersion: version,
    orgId: place.orgId === undefined ? ids.org : place.orgId,
    at,
    data,
    meta: {
      actor: { type: 'account', id: ids.account },
      correlationId: 'req-1',
      causationId: 'req-1',
      requestId: 'req-1',
      contextCommitment: null,
      traceparent: null,
    },
  } as unknown as RecordedTollgateEvent<T>;
}

export function tokenCreated(changes: Partial<EventData<'TokenCreated'>> = {}): EventData<'TokenCreated'> {
  return {
    tokenId: ids.token(1),
    name: 'My Claude Connection',
    accountId: ids.account,
    scope: { type: 'multi-space' },
    product: 'default',
    environment: 'live',
    teamId: null,
    expiresAt: null,
    digest: 'a'.repeat(64),
    hint: 'sk_live_...9f3c',
    prefix: 'sk_live_',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
    ...changes,
  };
}

/** A plan from an instant on, the registration's if its position is 1. */
export function planFrom(plan: Plan, since: string, position = 1): PlanSince {
  const type = position === 1 ? 'OrganizationRegistered' : 'PlanChanged';
  return { plan, since, position, id: `evt_plan_${position}`, type };
}

/** The seat that the events of a token leave. */
export function seatOf(...events: RecordedTollgateEvent[]): Seat {
  const seat = events.filter(isSeatEvent).reduce<Seat | null>(evolveSeat, null);
  if (!seat) throw new Error('no event opens a seat');
  return seat;
}
