import { createHash } from 'node:crypto';
import { defaultProduct, type EventData, type EventType, type RecordedEvent } from '@tollgate/contracts';
import { digestSecret, mintSecret } from '@tollgate/credential';
import { Replica } from '../replica.ts';

/** An event without its place in the log. */
export interface Happening {
  readonly type: EventType;
  readonly orgId: string | null;
  readonly data: unknown;
}

const orgId = 'org_1';

export function happened<T extends EventType>(type: T, data: EventData<T>, org: string | null = orgId): Happening {
  return { type, orgId: org, data };
}

/** The same secret for the same number, and as random as any. */
export function secretOf(number: number, environment: 'live' | 'test' | null = 'live', prefix = 'sk'): string {
  const randomBytes = createHash('sha256').update(String(number)).digest();
  return mintSecret({ prefix, environment, randomBytes });
}

export function tokenCreated(secret: string, changes: Partial<EventData<'TokenCreated'>> = {}): Happening {
  return happened('TokenCreated', {
    tokenId: 'tok_1',
    name: 'A token',
    accountId: 'acc_1',
    scope: { type: 'multi-space' },
    product: 'default',
    environment: 'live',
    teamId: null,
    expiresAt: null,
    digest: digestSecret(secret),
    hint: 'sk_live_...0000',
    prefix: 'sk_live_',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
    ...changes,
  });
}

/** The product `default` and one service account `acc_1` that may list and update agents in `spc_1` and do anything in `spc_2`. */
export const directory: readonly Happening[] = [
  happened('ProductRegistered', defaultProduct, null),
  happened('AccountCreated', { accountId: 'acc_1', kind: 'service', role: 'member' }),
  happened('SpaceCreated', { spaceId: 'spc_1', name: 'One' }),
  happened('SpaceCreated', { spaceId: 'spc_2', name: 'Two' }),
  happened('MembershipGranted', {
    spaceId: 'spc_2',
    accountId: 'acc_1',
    permissions: ['*'],
    administers: false,
  }),
  happened('MembershipGranted', {
    spaceId: 'spc_1',
    accountId: 'acc_1',
    permissions: ['agents:list', 'agents:update', 'webhooks:*'],
    administers: false,
  }),
];

const meta = {
  actor: { type: 'system', id: 'test' },
  correlationId: 'c',
  causationId: 'c',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;

/** Gives events their places, after `position`. */
export function recorded(happenings: readonly Happening[], position = 0): RecordedEvent[] {
  return happenings.map(({ type, orgId, data }, index) => ({
    position: position + index + 1,
    id: `evt_${position + index + 1}`,
    stream: 'stream-1',
    version: position + index + 1,
    category: 'stream',
    type,
    typeVersion: 1,
    orgId,
    at: '2026-01-01T00:00:00.000Z',
    data,
    meta,
  }));
}

export function replicaOf(...happenings: readonly Happening[]): Replica {
  const replica = new Replica('log-1');
  for (const event of recorded(happenings)) replica.apply(event);
  return replica;
}
