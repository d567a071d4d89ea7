import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { streams, subjects, type RecordedTollgateEvent } from '@tollgate/contracts';
import { startNats, type TestNats } from '@tollgate/stack';
import { EventAppender } from './appender.ts';
import { Feed } from './feed.ts';
import { natsFeedBus } from './nats-feed-bus.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { Relay, type RelayOptions } from './relay.ts';
import type { Appended } from './types.ts';
import { connectAs, connectAsOperator } from './testing/bus.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { spaceCreated, tokenRenamed } from './testing/requests.ts';
import { until } from './testing/until.ts';

let db: TestDatabase;
let nats: TestNats;
let operator: NatsConnection;
let appender: EventAppender;
let log: PostgresEventLog;
let nextSpace = 0;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [db, nats] = await Promise.all([startDatabase(), startNats()]);
  operator = await connectAsOperator(nats);
  log = new PostgresEventLog(db.pool('audit-projector'));
});

afterAll(async () => {
  await operator.close();
  await Promise.all([db.stop(), nats.stop()]);
});

beforeEach(() => {
  appender = new EventAppender({ url: db.url('token-command') });
});

afterEach(async () => {
  await appender.close();
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

async function startRelay(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const nc = await connectAs(nats, 'token-command');
  const relay = new Relay({ url: db.url('token-command'), nc, ...options });
  relay.start();
  cleanUp.push(async () => {
    await relay.stop();
    await nc.close();
  });
  return relay;
}

async function startFeed(from: number): Promise<{ feed: Feed; seen: number[] }> {
  const nc = await connectAs(nats, 'billing-meter');
  const seen: number[] = [];
  const onEvents = async (events: readonly RecordedTollgateEvent[]) => void seen.push(...events.map((e) => e.position));
  const feed = new Feed({ name: 'test', source: log, bus: natsFeedBus(nc), from, onEvents });
  feed.start();
  cleanUp.push(async () => {
    await feed.stop();
    await nc.close();
  });
  return { feed, seen };
}

/** Appends `count` events, `inFlight` at a time; calls `at` before each. */
async function append(count: number, inFlight = 16, at: (n: number) => void = () => {}): Promise<void> {
  let left = count;
  const one = async () => {
    while (left > 0) {
      at(count - left--);
      await appender.append(spaceCreated(++nextSpace));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/** Positions in the stream, in the order of the stream. */
async function positionsInStream(): Promise<number[]> {
  const js = jetstream(operator);
  const consumer = await js.consumers.get(streams.events);
  const { num_pending: pending } = await consumer.info(true);
  const positions: number[] = [];
  while (positions.length < pending) {
    for await (const message of await consumer.fetch({ max_messages: 500, expires: 1_000 })) {
      positions.push(Number(message.headers!.get('Tollgate-Position')));
    }
  }
  return positions;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the relay', () => {
  it('publishes every event once and in order, with what consumers need to check that', async () => {
    const relay = await startRelay();
    const before = await log.head();
    await append(300);
    const head = await log.head();
    await until('all are acknowledged', () => relay.acknowledged === head);
    expect(await positionsInStream()).toEqual(range(1, head));
    const message = await (await jetstreamManager(operator)).streams.getMessage(streams.events, { seq: before + 7 });
    const [event] = await log.readStored(before + 6, 1);
    expect(message!.json()).toEqual(event);
    expect(message!.subject).toBe(`tollgate.events.${event!.orgId}.space.SpaceCreated`);
    expect(
      Object.fromEntries(
        ['Tollgate-Position', 'Tollgate-Previous', 'Tollgate-Log', 'Nats-Msg-Id'].map((name) => [
          name,
          message!.header.get(name),
        ]),
      ),
    ).toEqual({
      'Tollgate-Position': String(before + 7),
      'Tollgate-Previous': String(before + 6),
      'Tollgate-Log': await log.logId(),
      'Nats-Msg-Id': event!.id,
    });
  });

  it('publishes what it is handed and what it must read, each once and in order', async () => {
    // Schedule: two appenders take turns at the head, ten events each, while the relay sleeps; then it is handed what one wrote.
    const from = await log.head();
    const relay = await startRelay({ pollMs: 60_000 });
    const { feed, seen } = await startFeed(from);
    await until('it leads', () => relay.leading);
    const handed: (readonly RecordedTollgateEvent[])[] = [];
    const options = { url: db.url('token-command'), batchMax: 10 };
    const near = new EventAppender({ ...options, onCommitted: (events) => handed.push(events) });
    const far = new EventAppender(options);
    await Promise.all(
      Array.from({ length: 400 }, (_, n) => (n % 2 === 0 ? near : far).append(spaceCreated(++nextSpace))),
    );
    await Promise.all([near.close(), far.close()]);
    for (const events of handed) relay.wake(events);
    await until('what was handed is there', () => relay.acknowledged >= handed.at(-1)!.at(-1)!.position);
    relay.wake();
    await until('the feed is there', () => feed.applied === from + 400);
    await until('all are acknowledged', () => relay.acknowledged === from + 400);
    expect(seen).toEqual(range(from + 1, from + 400));
    expect((await positionsInStream()).filter((position) => position > from)).toEqual(range(from + 1, from + 400));
  });

  it('feeds every consumer each position once and in order while its stream is deleted under load', async () => {
    const from = await log.head();
    const relay = await startRelay();
    const feeds = await Promise.all([startFeed(from), startFeed(from), startFeed(0)]);
    const manager = await jetstreamManager(operator);
    const deletions: Promise<unknown>[] = [];
    await append(2_000, 16, (n) => {
      if (n > 0 && n % 400 === 0) deletions.push(manager.streams.delete(streams.events).catch(() => undefined));
    });
    await Promise.all(deletions);
    const head = await log.head();
    expect(head).toBe(from + 2_000);
    await until('the feeds are there', () => feeds.every(({ feed }) => feed.applied === head));
    expect(feeds[0]!.seen).toEqual(range(from + 1, head));
    expect(feeds[1]!.seen).toEqual(range(from + 1, head));
    expect(feeds[2]!.seen).toEqual(range(1, head));
    await until('the stream takes events again', () => relay.acknowledged === head);
    const inStream = await positionsInStream();
    expect(inStream).toEqual(range(inStream[0]!, head));
  });

  it('feeds consumers within a second, and fills the stream later, when JetStream takes nothing', async () => {
    const from = await log.head();
    const relay = await startRelay();
    const { feed } = await startFeed(from);
    await append(20);
    await until('the stream takes events', () => relay.acknowledged === from + 20);
    // A stream of another name that covers the subjects: deleting ours is then for good until that one goes.
    const manager = await jetstreamManager(operator);
    await manager.streams.delete(streams.events);
    await manager.streams.add({ name: 'SQUATTER', subjects: ['tollgate.events.*.space.>'], max_msgs: 1 });
    for (let round = 1; round <= 4; round++) {
      await append(20);
      const started = performance.now();
      await until('the feed is there', () => feed.applied === from + 20 + 20 * round);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
    expect(relay.acknowledged).toBe(from + 20);
    await manager.streams.delete('SQUATTER');
    await until('the stream takes events again', () => relay.acknowledged === from + 100);
    expect(await positionsInStream()).toEqual(range(from + 21, from + 100));
  });

  it('feeds consumers at once while acknowledgements do not come', async () => {
    const from = await log.head();
    const relay = await startRelay();
    const { feed } = await startFeed(from);
    await append(1);
    await until('the stream takes events', () => relay.acknowledged === from + 1);
    // Schedule: the stream goes; the relay waits 2 s for an acknowledgement of the next event; another one is appended.
    await (await jetstreamManager(operator)).streams.delete(streams.events);
    await append(1);
    await until('the feed has the first', () => feed.applied === from + 2);
    await append(1);
    const started = performance.now();
    await until('the feed has the second', () => feed.applied === from + 3);
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(relay.acknowledged).toBe(from + 1);
    await until('the stream takes events again', () => relay.acknowledged === from + 3);
  });

  it('goes back to the first event that the stream refused, and feeds consumers meanwhile', async () => {
    const from = await log.head();
    const relay = await startRelay();
    const { feed } = await startFeed(from);
    await append(20);
    await until('the stream takes events', () => relay.acknowledged === from + 20);
    const manager = await jetstreamManager(operator);
    const { config } = await manager.streams.info(streams.events);
    await manager.streams.update(streams.events, { ...config, max_msg_size: 2_000 });
    const renames = ['a', 'b', 'x'.repeat(3_000), 'd', 'e'].map((name) => tokenRenamed(1, 0, name).events[0]!);
    await appender.append({ ...tokenRenamed(1, 0), events: renames });
    await until('the feed is there', () => feed.applied === from + 25);
    await until('the stream has taken the first two', () => relay.acknowledged === from + 22);
    await manager.streams.update(streams.events, { ...config, max_msg_size: -1 });
    await until('the stream has taken all', () => relay.acknowledged === from + 25);
    expect((await positionsInStream()).filter((position) => position > from)).toEqual(range(from + 1, from + 25));
  });

  it('leaves no hole and no disorder in the stream when NATS is killed under load', async () => {
    const from = await log.head();
    const relay = await startRelay();
    const { feed, seen } = await startFeed(from);
    const restarts: Promise<void>[] = [];
    await append(600, 16, (n) => {
      if (n === 200) restarts.push(nats.kill().then(() => nats.restart()));
    });
    await Promise.all(restarts);
    const head = await log.head();
    await until('all are acknowledged', () => relay.acknowledged === head);
    await until('the feed is there', () => feed.applied === head);
    expect(seen).toEqual(range(from + 1, head));
    // A server that was killed may repeat what it did not acknowledge: first occurrences are dense and in order.
    const firsts = [...new Set((await positionsInStream()).filter((position) => position > from))];
    expect(firsts).toEqual(range(from + 1, head));
  });

  it('lets one relay lead at a time, and the other one when that one is gone', async () => {
    const from = await log.head();
    const [first, second] = [await startRelay(), await startRelay()];
    const { feed, seen } = await startFeed(from);
    for (let turn = 0; turn < 3; turn++) {
      await until('one leads', () => first.leading || second.leading);
      await until('the other one has asked for the lock in vain', async () => {
        const { rows } = await db.admin.query(
          `SELECT 1 FROM pg_stat_activity
            WHERE application_name = 'tollgate relay' AND state = 'idle' AND query LIKE '%pg_try_advisory_lock%'`,
        );
        return rows.length === 1;
      });
      expect([first, second].filter((relay) => relay.leading)).toHaveLength(1);
      const leader = first.leading ? first : second;
      const appended = append(200);
      await db.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE locktype = 'advisory' AND granted AND application_name = 'tollgate relay'`,
      );
      await until('the leader has noticed', () => !leader.leading);
      await until('another one leads', () => first.leading || second.leading);
      await appended;
    }
    const head = await log.head();
    await until('the feed is there', () => feed.applied === head);
    expect(seen).toEqual(range(from + 1, head));
    await until('all are acknowledged', () => [first, second].some((r) => r.leading && r.acknowledged === head));
    expect([...new Set((await positionsInStream()).filter((position) => position > from))]).toEqual(
      range(from + 1, head),
    );
  });

  it('is woken at once by an appender of its own process and of another', async () => {
    const relays = [await startRelay({ pollMs: 5_000 }), await startRelay({ pollMs: 5_000 })];
    const { feed } = await startFeed(await log.head());
    await until('one leads', () => relays.some((relay) => relay.leading));
    for (const woken of relays) {
      const { positions } = (await appender.append(spaceCreated(++nextSpace))) as Appended;
      const started = performance.now();
      woken.wake();
      await until('the feed is there', () => feed.applied === positions[0]);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });

  it('announces the head, so that a lost tail is noticed', async () => {
    await startRelay();
    const announced = operator.subscribe(subjects.heads, { max: 1 });
    for await (const message of announced) {
      expect(message.json()).toEqual({ logId: await log.logId(), head: await log.head() });
    }
  });
});
