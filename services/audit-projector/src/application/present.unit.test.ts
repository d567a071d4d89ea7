import { describe, expect, it } from '@jest/globals';
import type { StoredEntry } from './ports.ts';
import { personalIdsOf, present } from './present.ts';

const stored = {
  id: 'aud_1',
  position: 12,
  index: 7,
  at: '2026-01-31T12:00:00.000Z',
  orgId: 'org_1',
  spaceId: null,
  namespace: 'API Tokens',
  action: 'token.created',
  actorType: 'account',
  actorId: 'acc_ada',
  targetTypes: ['token', 'account'],
  targetIds: ['tok_1', 'acc_bot'],
  outcome: 'success',
  reason: null,
  before: null,
  after: { name: 'Old name' },
  version: 1,
  commitment: 'Y29tbWl0',
  requestId: 'req_1',
  traceId: null,
  names: { tok_1: 'New name' },
} satisfies StoredEntry;

const nobody = { accounts: {}, requests: {} };

describe('an audit entry as it is read', () => {
  it('carries the names and the request context of now', () => {
    const personal = {
      accounts: { acc_ada: { name: 'Ada' }, acc_bot: { name: null } },
      requests: { req_1: { ip: '192.0.2.7', userAgent: 'curl' } },
    };
    expect(present(stored, personal)).toEqual({
      id: 'aud_1',
      position: 12,
      index: 7,
      version: 1,
      at: stored.at,
      orgId: 'org_1',
      spaceId: null,
      namespace: 'API Tokens',
      action: 'token.created',
      actor: { type: 'account', id: 'acc_ada', name: 'Ada' },
      targets: [
        { type: 'token', id: 'tok_1', name: 'New name' },
        { type: 'account', id: 'acc_bot', name: null },
      ],
      outcome: 'success',
      reason: null,
      before: null,
      after: { name: 'Old name' },
      context: {
        requestId: 'req_1',
        traceId: null,
        ip: '192.0.2.7',
        userAgent: 'curl',
        commitment: 'Y29tbWl0',
      },
    });
  });

  it('says where a person was erased', () => {
    const entry = present(stored, nobody);
    expect([entry.actor.name, entry.targets[1]?.name]).toEqual(['erased', 'erased']);
    expect(entry.context).toEqual({
      requestId: 'req_1',
      traceId: null,
      ip: 'erased',
      userAgent: 'erased',
      commitment: 'Y29tbWl0',
    });
    expect(present({ ...stored, requestId: null }, nobody).context).toMatchObject({ ip: null, userAgent: null });
  });

  it('takes the name of a person from the erasable data only', () => {
    expect(present({ ...stored, names: { acc_ada: 'Ada' } }, nobody).actor.name).toBe('erased');
  });

  it('asks for each account and each request once, and for nothing else', () => {
    const byOperator = { ...stored, actorType: 'operator', actorId: 'operator', requestId: null };
    expect(personalIdsOf([stored, stored, byOperator])).toEqual({
      accountIds: ['acc_ada', 'acc_bot'],
      requestIds: ['req_1'],
    });
  });
});
