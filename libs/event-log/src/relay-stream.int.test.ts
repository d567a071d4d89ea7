import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { streams } from '@tollgate/contracts';
import { startNats, type TestNats } from '@tollgate/stack';
import type { StoredEvent } from './codec.ts';
import { outgoing, RelayStream } from './relay-stream.ts';
import { connectAs, connectAsOperator } from './testing/bus.ts';
import { at, idOf, meta, org } from './testing/requests.ts';
import { until } from './testing/until.ts';

const LOG = 'the-log';
const DAY_MS = 86_400_000;
let nats: TestNats;
let nc: NatsConnection;
let operator: NatsConnection;
let manager: JetStreamManager;
let stream: RelayStream;

beforeAll(async () => {
  nats = await startNats();
  nc = await connectAs(nats, 'token-command');
  operator = await connectAsOperator(nats);
  manager = await jetstreamManager(operator);
});
afterAll(async () => {
  await nc.close();
  await operator.close();
  await nats.stop();
});
beforeEach(async () => {
  stream = new RelayStream(nc, { maxAgeMs: DAY_MS, replicas: 1 });
  await stream.ensure();
});
afterEach(async () => {
  await manager.streams.delete(streams.events);
});

const event = (position: number, name = 'Space'): StoredEvent => ({
  position,
  id: `evt_${position}`,
  stream: `space-${idOf('spc', position)}`,
  version: 1,
  category: 'space',
  type: 'SpaceCreated',
  typeVersion: 1,
  orgId: org,
  at,
  data: { spaceId: idOf('spc', position), name },
  meta,
});
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
const add = (...list: StoredEvent[]) => stream.add(LOG, list.map(outgoing));

async function positions(): Promise<number[]> {
  const { state } = await manager.streams.info(streams.events);
  const found: number[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    found.push(Number((await manager.streams.getMessage(streams.events, { seq }))!.header.get('Tollgate-Position')));
  }
  return found;
}

describe('the stream of events', () => {
  it('is made with the right retention, and changed when that changes', async () => {
    const { config } = await manager.streams.info(streams.events);
    expect(config).toMatchObject({
      subjects: ['tollgate.events.>'],
      storage: 'file',
      retention: 'limits',
      max_age: DAY_MS * 1e6,
      duplicate_window: 120 * 1e9,
    });
    await add(event(1));
    await new RelayStream(nc, { maxAgeMs: 2 * DAY_MS, replicas: 1 }).ensure();
    expect((await manager.streams.info(streams.events)).config.max_age).toBe(2 * DAY_MS * 1e6);
    expect(await positions()).toEqual([1]);
  });

  it('takes no event after one that it refused, and all of them later', async () => {
    const { config } = await manager.streams.info(streams.events);
    await manager.streams.update(streams.events, { ...config, max_msg_size: 2_000 });
    const batch = [...events(1, 2), event(3, 'x'.repeat(3_000)), ...events(4, 6)];
    // The first goes alone, as after every failure. What stands before the sixth is then not the fifth.
    expect(await add(batch[0]!)).toBe(true);
    expect(await add(...batch.slice(1))).toBe(false);
    expect(await positions()).toEqual([1, 2]);
    expect(await add(batch[1]!)).toBe(true);
    await expect(add(batch[2]!)).rejects.toThrow('message size exceeds maximum');
    stream.deliver(LOG, batch.slice(3).map(outgoing), batch[2]!.id);
    await nc.flush();
    expect(await positions()).toEqual([1, 2]);
    await manager.streams.update(streams.events, { ...config, max_msg_size: -1 });
    expect(await add(batch[2]!)).toBe(true);
    expect(await add(...batch.slice(3))).toBe(true);
    expect(await positions()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('takes an event once, however often it is sent', async () => {
    await add(...events(1, 5));
    await stream.ensure();
    expect(await add(event(3))).toBe(true);
    expect(await add(...events(4, 8))).toBe(true);
    expect(await positions()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses what a relay that was replaced still sends', async () => {
    // Schedule: the first relay has added 1 to 3; the second leads and adds 4 to 6; the first one, late, sends 4, 5 and 9.
    await add(...events(1, 3));
    const next = new RelayStream(nc, { maxAgeMs: DAY_MS, replicas: 1 });
    expect(await next.add(LOG, events(4, 6).map(outgoing))).toBe(true);
    expect(await add(...events(4, 5))).toBe(true);
    expect(await add(event(9))).toBe(false);
    expect(await positions()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('goes on in a stream that was wiped', async () => {
    await add(...events(1, 3));
    await manager.streams.purge(streams.events);
    await nats.restart();
    const isBack = () => manager.streams.info(streams.events).then(Boolean, () => false);
    // A request that meets the end of the old connection has no answer.
    await until('the operator is connected again', isBack);
    await add(...events(4, 5)).catch(() => false);
    await stream.ensure();
    await add(...events(4, 5));
    expect(await positions()).toEqual([4, 5]);
  });

  it('takes another event at a position that it has had: the log went back with a restore, and on from there', async () => {
    await add(...events(1, 3));
    await stream.ensure();
    expect(await add({ ...event(3), id: 'evt_other' })).toBe(true);
    expect(await add(...events(4, 5))).toBe(true);
    expect(await positions()).toEqual([1, 2, 3, 3, 4, 5]);
  });

  it('is asked for one acknowledgement of all that goes together', async () => {
    const asked = operator.subscribe('tollgate.events.>');
    const replies: boolean[] = [];
    const heard = (async () => {
      for await (const { reply } of asked) if (replies.push(Boolean(reply)) === 4) return;
    })();
    await operator.flush();
    await add(event(1));
    await add(...events(2, 4));
    await heard;
    expect(replies).toEqual([true, false, false, true]);
  });

  it('sends more at a time with every success, and one at a time after a failure', async () => {
    expect(stream.take).toBe(1);
    await add(event(1));
    await add(...events(2, 3));
    expect(stream.take).toBe(4);
    await add(event(99));
    expect(stream.take).toBe(1);
  });
});
