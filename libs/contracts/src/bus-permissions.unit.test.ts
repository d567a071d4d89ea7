import { describe, expect, it } from '@jest/globals';
import { busPermissions, inboxPrefixOf, mergePermissions, outsideGrants } from './bus-permissions.ts';
import { subjectOf, type ServiceName } from './operation.ts';
import { allOperations } from './operations/index.ts';

const services: ServiceName[] = [
  'api-gateway',
  'token-command',
  'auth-verifier',
  'billing-meter',
  'audit-projector',
  'witness',
];
const internalSubjects = allOperations.filter((op) => op.internal).map(subjectOf);

/** NATS subject matching: `*` is one word, `>` is one or more at the end. */
function covers(pattern: string, subject: string): boolean {
  const [wanted, found] = [pattern.split('.'), subject.split('.')];
  return (
    wanted.every((word, i) =>
      word === '>' ? found.length > i : i < found.length && (word === '*' || word === found[i]),
    ) &&
    (wanted.at(-1) === '>' || wanted.length === found.length)
  );
}

const may = (allow: string[], subject: string) => allow.some((pattern) => covers(pattern, subject));

describe('busPermissions', () => {
  it.each(services)('lets %s serve every operation of its own and nobody else s', (service) => {
    const { subscribe } = busPermissions(service);
    for (const op of allOperations)
      expect([op.name, may(subscribe.allow, subjectOf(op))]).toEqual([op.name, op.service === service]);
  });

  it.each(services)('gives %s an inbox that no other service may read', (service) => {
    const inbox = `${inboxPrefixOf(service)}.x.1`;
    for (const other of services) expect(may(busPermissions(other).subscribe.allow, inbox)).toBe(other === service);
  });

  it.each(services)('lets %s answer requests, and publish to no inbox otherwise', (service) => {
    const { publish, responses } = busPermissions(service);
    expect(responses).toMatchObject({ max: 1 });
    for (const inbox of ['_INBOX.x', ...services.map((other) => `${inboxPrefixOf(other)}.x`)]) {
      expect(may(publish.allow, inbox)).toBe(false);
    }
  });

  it('lets the gateway forward every operation of the control plane', () => {
    const { publish } = busPermissions('api-gateway');
    const forwarded = allOperations.filter((op) => op.http && !op.internal && op.http.door !== 'data');
    expect(forwarded.length).toBeGreaterThan(20);
    for (const op of forwarded) expect([op.name, may(publish.allow, subjectOf(op))]).toEqual([op.name, true]);
  });

  it('lets only the verifier take leases and acknowledge the barrier', () => {
    for (const service of services) {
      const { publish } = busPermissions(service);
      expect(may(publish.allow, 'tollgate.internal.leases.renew')).toBe(service === 'auth-verifier');
      expect(may(publish.allow, 'tollgate.barrier.ack')).toBe(service === 'auth-verifier');
    }
  });

  it('lets the witness ask for hashes and report, and nothing else', () => {
    const { publish, subscribe } = busPermissions('witness');
    expect(publish.allow.toSorted()).toEqual(
      ['heads', 'leaves', 'proof', 'report'].map((name) => `tollgate.internal.witness.${name}`),
    );
    expect(subscribe.allow.filter((subject) => !/^(\$SRV|_INBOX_witness)\./.test(subject))).toEqual([]);
    for (const service of services.filter((name) => name !== 'witness'))
      expect(may(busPermissions(service).publish.allow, 'tollgate.internal.witness.report')).toBe(false);
  });

  it('lets only the authority publish events', () => {
    for (const service of services) {
      const { publish } = busPermissions(service);
      expect(may(publish.allow, 'tollgate.events.org_1.tokens.TokenCreated')).toBe(service === 'token-command');
    }
  });

  it.each(services)('never gives %s the whole JetStream API, nor the whole of any tree of ours', (service) => {
    const { publish, subscribe } = busPermissions(service);
    for (const pattern of [...publish.allow, ...subscribe.allow]) {
      expect(['>', '*', 'tollgate.>', 'tollgate.v1.>', 'tollgate.internal.>', '$JS.>', '$JS.API.>']).not.toContain(
        pattern,
      );
    }
  });

  it('lets an embedded verifier read the log, hold a lease, acknowledge and report usage, and nothing else', () => {
    const { publish, subscribe, responses } = busPermissions('outside:embedded-verifier');
    expect(publish.allow.toSorted()).toEqual([
      'tollgate.balances.ask',
      'tollgate.barrier.ack',
      'tollgate.internal.leases.renew',
      'tollgate.internal.leases.return',
      'tollgate.internal.log.read',
      'tollgate.internal.replica.snapshot',
      'tollgate.internal.security.report-attempts',
      'tollgate.internal.usage.report',
    ]);
    expect(subscribe.allow.toSorted()).toEqual([
      '_INBOX.>',
      'tollgate.balances',
      'tollgate.barrier.wake',
      'tollgate.feed.main',
      'tollgate.heads.main',
    ]);
    expect(responses).toBeUndefined();
  });

  const callers = outsideGrants.filter((grant) => grant !== 'embedded-verifier');
  it.each(callers)('keeps an outside caller with %s away from internal operations and commands', (grant) => {
    const { publish, subscribe, responses } = busPermissions(`outside:${grant}`);
    for (const subject of internalSubjects) expect(may(publish.allow, subject)).toBe(false);
    expect(may(publish.allow, 'tollgate.v1.tokens.create')).toBe(false);
    expect(subscribe.allow).toEqual(['_INBOX.>']);
    expect(responses).toBeUndefined();
  });

  it('gives a feed the consumer API of its own stream only', () => {
    const { publish } = busPermissions('outside:events-feed');
    expect(may(publish.allow, '$JS.API.CONSUMER.MSG.NEXT.TOLLGATE_EVENTS.mine')).toBe(true);
    expect(may(publish.allow, '$JS.API.CONSUMER.MSG.NEXT.TOLLGATE_AUDIT.mine')).toBe(false);
    expect(may(publish.allow, '$JS.API.STREAM.DELETE.TOLLGATE_EVENTS')).toBe(false);
  });

  it('merges grants without repeating subjects', () => {
    const merged = mergePermissions([busPermissions('outside:verify'), busPermissions('outside:events-feed')]);
    expect(merged.subscribe.allow).toEqual(['_INBOX.>']);
    expect(may(merged.publish.allow, 'tollgate.v1.tokens.verify')).toBe(true);
    expect(may(merged.publish.allow, '$JS.API.CONSUMER.INFO.TOLLGATE_EVENTS.mine')).toBe(true);
  });
});
