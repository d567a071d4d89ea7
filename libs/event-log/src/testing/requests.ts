import { idFromBits, type EventMeta } from '@tollgate/contracts';
import type { AppendRequest } from '../types.ts';

export const meta: EventMeta = {
  actor: { type: 'operator', id: 'operator' },
  correlationId: 'req_1',
  causationId: 'req_1',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
};

export const at = '2026-01-31T12:00:00.000Z';

/** An id of the right shape for any number. */
export const idOf = (prefix: string, n: number): string => idFromBits(prefix, BigInt(n));

export const org = idOf('org', 1);

/** Registers a space: one event in a stream of its own. */
export function spaceCreated(n: number, overrides: Partial<AppendRequest> = {}): AppendRequest {
  const spaceId = idOf('spc', n);
  return {
    stream: `space-${spaceId}`,
    expectedVersion: 0,
    orgId: org,
    events: [{ type: 'SpaceCreated', data: { spaceId, name: `Space ${n}` } }],
    meta,
    at,
    ...overrides,
  };
}

/** Renames a token: may be repeated in one stream at any version. */
export function tokenRenamed(n: number, expectedVersion: number, name = `Name ${expectedVersion}`): AppendRequest {
  const tokenId = idOf('tok', n);
  return {
    stream: `token-${tokenId}`,
    expectedVersion,
    orgId: org,
    events: [{ type: 'TokenRenamed', data: { tokenId, name, previous: 'before' } }],
    meta,
    at,
  };
}
