import type { EventMeta } from '@tollgate/contracts';
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

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id of the right shape for any number. */
export function idOf(prefix: string, n: number): string {
  let text = '';
  for (let i = 0; i < 26; i++, n = Math.floor(n / 32)) text = crockford[n % 32] + text;
  return `${prefix}_${text}`;
}

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
