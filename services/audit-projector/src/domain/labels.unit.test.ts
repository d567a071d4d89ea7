import { describe, expect, it } from '@jest/globals';
import { eventTypes, type EventType, type RecordedTollgateEvent } from '@tollgate/contracts';
import { labelOf } from './labels.ts';

const orgId = 'org_1';
const recorded = (type: EventType, data: object) => ({ type, orgId, data }) as unknown as RecordedTollgateEvent;

describe('a label', () => {
  it.each<[EventType, object, string]>([
    ['OrganizationRegistered', {}, orgId],
    ['OrganizationDetailsChanged', {}, orgId],
    ['ProductDetailsChanged', { key: 'default' }, 'default'],
    ['SpaceCreated', { spaceId: 'spc_1' }, 'spc_1'],
    ['TeamCreated', { teamId: 'tea_1' }, 'tea_1'],
    ['ProjectCreated', { projectId: 'prj_1' }, 'prj_1'],
    ['ProductRegistered', { key: 'default' }, 'default'],
    ['TokenCreated', { tokenId: 'tok_1', scope: { type: 'multi-space' } }, 'tok_1'],
    ['TokenRenamed', { tokenId: 'tok_1' }, 'tok_1'],
  ])('is given by %s', (type, data, id) => {
    expect(labelOf(recorded(type, { ...data, name: 'A name' }))).toEqual({ orgId, id, name: 'A name', spaceId: null });
  });

  it('of a single-space token knows its space', () => {
    const scope = { type: 'single-space', spaceId: 'spc_1' };
    expect(labelOf(recorded('TokenCreated', { tokenId: 'tok_1', name: 'A name', scope }))?.spaceId).toBe('spc_1');
  });

  it('is given by every event that carries a name, so that no target stays without one', () => {
    const named = Object.entries(eventTypes).filter(([, { data }]) => 'name' in data.shape);
    for (const [type] of named) expect(labelOf(recorded(type as EventType, { scope: {} }))).not.toBeNull();
    expect(named.length).toBeGreaterThan(5);
  });

  it('is never given to a person', () => {
    expect(labelOf(recorded('AccountCreated', { accountId: 'acc_1', name: 'Ada' }))).toBeNull();
  });
});
