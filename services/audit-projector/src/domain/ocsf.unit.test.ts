import { describe, expect, it } from '@jest/globals';
import { eventTypes, type EventType } from '@tollgate/contracts';
import { readFileSync } from 'node:fs';
import { entryOf } from './entry.ts';
import { ocsfEvent, ocsfLine, type OcsfSource } from './ocsf.ts';
import { recordOf } from './tree.ts';

const golden = new URL('../../../../libs/contracts/golden/', import.meta.url);

/** The entry of the golden event of a type. */
function entry(type: EventType, changes: Partial<OcsfSource> = {}): OcsfSource {
  const event = JSON.parse(readFileSync(new URL(`${type}.v${eventTypes[type].version}.json`, golden), 'utf8'));
  return { ...recordOf(entryOf(event), 7), ...changes };
}

/** What each class of https://schema.ocsf.io/1.3.0 requires besides the base event, and its activities. */
const required: Readonly<Record<number, { attributes: readonly string[]; activities: readonly number[] }>> = {
  3001: { attributes: ['user'], activities: [1, 2, 3, 4, 5, 6, 7, 8, 9, 99] },
  3002: { attributes: ['user', 'service'], activities: [1, 2, 99] },
  3004: { attributes: ['entity'], activities: [1, 2, 3, 4, 99] },
  3005: { attributes: ['user', 'privileges'], activities: [1, 2, 99] },
  6003: { attributes: ['actor', 'api', 'src_endpoint'], activities: [1, 2, 3, 4, 99] },
};
const base = 'activity_id category_uid class_uid metadata severity_id time type_uid'.split(' ');

describe.each(Object.keys(eventTypes) as EventType[])('%s as an event of OCSF', (type) => {
  it('has what its class requires', () => {
    const event = ocsfEvent(entry(type)) as Record<string, any>;
    const demanded = required[event['class_uid']];
    expect(demanded).toBeDefined();
    for (const attribute of [...base, ...(demanded?.attributes ?? [])]) expect(event[attribute]).toBeDefined();
    expect(demanded?.activities).toContain(event['activity_id']);
    expect(event['type_uid']).toBe(event['class_uid'] * 100 + event['activity_id']);
    expect(event['category_uid']).toBe(Math.floor(event['class_uid'] / 1000));
    expect(Number.isSafeInteger(event['time'])).toBe(true);
    expect(event['metadata']).toMatchObject({
      version: '1.3.0',
      product: { name: 'Tollgate', vendor_name: 'Tollgate' },
    });
    // At least one of: user (uid or name), and of an endpoint (ip or svc_name).
    for (const user of [event['actor'].user, event['user']]) if (user) expect(user.uid).toEqual(expect.any(String));
    for (const entity of [event['entity'], event['resource']])
      if (entity) expect(entity.uid).toEqual(expect.any(String));
    if (event['class_uid'] === 6003) {
      expect(event['api'].operation).toEqual(expect.any(String));
      expect(event['src_endpoint'].ip ?? event['src_endpoint'].svc_name).toEqual(expect.any(String));
    }
    if (event['class_uid'] === 3005) expect(event['privileges'].length).toBeGreaterThan(0);
  });
});

describe('the mapping to OCSF', () => {
  it('gives each kind of entry its class and activity', () => {
    const types = [
      ...['AccountCreated', 'AccountDeactivated', 'AccountErased', 'AccountRoleChanged', 'MembershipGranted'],
      ...['MembershipRemoved', 'TokenCreated', 'TokenRevoked', 'TokenRegenerated', 'AttemptsRefused'],
      ...['AuditRead', 'AuditExported', 'ActivityRecorded', 'PlanChanged'],
    ] as EventType[];
    expect(Object.fromEntries(types.map((type) => [type, ocsfEvent(entry(type))['type_uid']]))).toEqual({
      AccountCreated: 300101,
      AccountDeactivated: 300105,
      AccountErased: 300106,
      AccountRoleChanged: 300501,
      MembershipGranted: 300501,
      MembershipRemoved: 300502,
      TokenCreated: 300401,
      TokenRevoked: 300404,
      TokenRegenerated: 300403,
      AttemptsRefused: 300201,
      AuditRead: 600302,
      AuditExported: 600302,
      ActivityRecorded: 600399,
      PlanChanged: 300403,
    });
  });

  it('says who, whence, and how it ended', () => {
    const shown = entry('TokenRevoked');
    const event = ocsfEvent({
      ...shown,
      actor: { ...shown.actor, name: 'Ada Lovelace' },
      context: { ...shown.context, ip: '192.0.2.7', userAgent: 'curl/8' },
    });
    expect(event).toMatchObject({
      actor: { user: { uid: shown.actor.id, name: 'Ada Lovelace', type_id: 1 } },
      src_endpoint: { ip: '192.0.2.7' },
      http_request: { uid: shown.context.requestId, user_agent: 'curl/8' },
      entity: { type: 'token', uid: shown.targets[0]?.id },
      comment: shown.reason,
      status_id: 1,
      metadata: { uid: shown.id, sequence: 7, tenant_uid: shown.orgId },
    });
    expect(ocsfEvent(entry('AttemptsRefused'))).toMatchObject({ status_id: 2, status_detail: 'revoked', count: 17 });
    expect(ocsfEvent(entry('TokenLeaked'))).toMatchObject({ severity_id: 4 });
    expect(ocsfLine(shown).split('\n')).toHaveLength(2);
  });
});
