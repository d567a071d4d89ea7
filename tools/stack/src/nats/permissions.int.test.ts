import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inboxPrefixOf, type BusUser, type ServiceName } from '@tollgate/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { startNats, type TestNats } from '../testing/start-nats.ts';

describe('NATS users', () => {
  let nats: TestNats;
  const connections: NatsConnection[] = [];
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await nats.stop();
  });

  async function as(user: BusUser): Promise<NatsConnection> {
    const authenticator = credsAuthenticator(readFileSync(await nats.credsFor(user)));
    const inbox = user.startsWith('outside:') ? {} : { inboxPrefix: inboxPrefixOf(user as ServiceName) };
    const connection = await connect({ servers: nats.url, authenticator, ...inbox });
    connections.push(connection);
    return connection;
  }

  /** The subject that the server refused last, or undefined if everything was allowed. */
  async function refusal(connection: NatsConnection, act: () => void): Promise<string | undefined> {
    let refused: string | undefined;
    const status = connection.status();
    void (async () => {
      for await (const event of status) {
        if (event.type === 'error' && /permissions violation/i.test(String(event.error))) refused = String(event.error);
      }
    })();
    act();
    // The server answers a violation before it answers the ping of the second flush.
    await connection.flush();
    await connection.flush();
    await new Promise((resolve) => setImmediate(resolve));
    return refused;
  }

  it('lets a service publish its own subjects and no other service s', async () => {
    const billing = await as('billing-meter');
    const publish = (subject: string) => refusal(billing, () => billing.publish(subject, '{}'));
    expect(await publish('tollgate.internal.log.read')).toBeUndefined();
    expect(await publish('tollgate.events.org_1.tokens.TokenCreated')).toMatch(/tollgate\.events/);
    expect(await publish('tollgate.feed.main')).toMatch(/tollgate\.feed/);
    expect(await publish('tollgate.v1.tokens.create')).toMatch(/tokens\.create/);
    expect(await publish('tollgate.internal.leases.renew')).toMatch(/leases\.renew/);
    expect(await publish('tollgate.barrier.ack')).toMatch(/barrier\.ack/);
    expect(await publish('$JS.API.STREAM.DELETE.TOLLGATE_EVENTS')).toMatch(/STREAM\.DELETE/);
  });

  it('lets a service serve its own operations and read no other service s requests or replies', async () => {
    const audit = await as('audit-projector');
    const subscribe = (subject: string) => refusal(audit, () => void audit.subscribe(subject, { callback: () => {} }));
    expect(await subscribe('tollgate.v1.audit.list')).toBeUndefined();
    expect(await subscribe('tollgate.feed.main')).toBeUndefined();
    expect(await subscribe('tollgate.v1.tokens.create')).toMatch(/tokens\.create/);
    expect(await subscribe('_INBOX_token-command.>')).toMatch(/_INBOX_token-command/);
    expect(await subscribe('_INBOX.>')).toMatch(/_INBOX/);
    expect(await subscribe('>')).toMatch(/>/);
  });

  it('lets an outside caller verify, and nothing else', async () => {
    const verifier = await as('auth-verifier');
    verifier.subscribe('tollgate.v1.tokens.verify', {
      queue: 'q',
      callback: (_error, message) => void message.respond('{"valid":true}'),
    });
    await verifier.flush();
    const outside = await as('outside:verify');
    expect((await outside.request('tollgate.v1.tokens.verify', '{}')).string()).toBe('{"valid":true}');
    const publish = (subject: string) => refusal(outside, () => outside.publish(subject, '{}'));
    expect(await publish('tollgate.v1.tokens.create')).toMatch(/tokens\.create/);
    expect(await publish('tollgate.internal.log.read')).toMatch(/log\.read/);
    expect(await publish('tollgate.events.org_1.tokens.TokenRevoked')).toMatch(/tollgate\.events/);
    expect(await publish('$JS.API.INFO')).toMatch(/JS/);
    expect(await refusal(outside, () => void outside.subscribe('tollgate.>', { callback: () => {} }))).toMatch(
      /tollgate/,
    );
  });

  it('lets a service answer a request once, and publish to no inbox otherwise', async () => {
    const verifier = await as('auth-verifier');
    expect(await refusal(verifier, () => verifier.publish('_INBOX.somebody.1', 'x'))).toMatch(/_INBOX/);
  });

  it('lets the authority make its stream and publish, and an outside feed read it', async () => {
    const authority = await as('token-command');
    const manager = await jetstreamManager(authority, { checkAPI: false });
    await manager.streams.add({ name: 'TOLLGATE_EVENTS', subjects: ['tollgate.events.>'] });
    await manager.streams.update('TOLLGATE_EVENTS', { subjects: ['tollgate.events.>'] });
    const acknowledged = await jetstream(authority).publish('tollgate.events.org_1.tokens.TokenCreated', '{"n":1}', {
      msgID: '1',
    });
    expect(acknowledged.seq).toBe(1);
    await expect(manager.streams.delete('TOLLGATE_EVENTS')).rejects.toThrow(/permission/i);

    const feed = await as('outside:events-feed');
    const feedManager = await jetstreamManager(feed, { checkAPI: false });
    await feedManager.consumers.add('TOLLGATE_EVENTS', { durable_name: 'finance', ack_policy: 'explicit' });
    const consumer = await jetstream(feed).consumers.get('TOLLGATE_EVENTS', 'finance');
    const message = await consumer.next({ expires: 5_000 });
    expect(message?.json()).toEqual({ n: 1 });
    expect(await message?.ackAck()).toBe(true);
    await expect(feedManager.streams.purge('TOLLGATE_EVENTS')).rejects.toThrow(/permission/i);
    await expect(jetstream(feed).publish('tollgate.events.org_1.x.y', '{}')).rejects.toThrow(/permission/i);
  });
});
