import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { eventHeaders, subjects, type RecordedTollgateEvent } from '@tollgate/contracts';
import { Feed, type FeedMessage, type FeedOptions } from './feed.ts';
import { InMemoryEventLog } from './in-memory-event-log.ts';
import { InMemoryBus } from './testing/in-memory-bus.ts';
import { spaceCreated } from './testing/requests.ts';
import { until } from './testing/until.ts';

let log: InMemoryEventLog;
let bus: InMemoryBus;
let logId: string;
let seen: number[];
const feeds: Feed[] = [];

beforeEach(async () => {
  log = new InMemoryEventLog();
  bus = new InMemoryBus();
  logId = await log.logId();
  seen = [];
});
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.stop()));
});

/** Silence is long, so that nothing but what a test does makes the feed look. */
function open(options: Partial<FeedOptions> = {}): Feed {
  const onEvents = async (events: readonly RecordedTollgateEvent[]) => void seen.push(...events.map((e) => e.position));
  const feed = new Feed({ name: 'test', source: log, bus, from: 0, silenceMs: 60_000, onEvents, ...options });
  feeds.push(feed);
  feed.start();
  return feed;
}

/** A feed that has caught up with the log and waits for the bus. */
async function openIdle(options: Partial<FeedOptions> = {}): Promise<{ feed: Feed; reads: () => number }> {
  const head = jest.spyOn(log, 'head');
  const feed = open(options);
  await until('it has asked for the head', () => head.mock.calls.length > 0);
  await Promise.all(head.mock.results.map(({ value }) => value));
  const read = jest.spyOn(log, 'read');
  return { feed, reads: () => read.mock.calls.length };
}

async function append(count: number): Promise<RecordedTollgateEvent[]> {
  const head = await log.head();
  for (let n = 1; n <= count; n++) await log.append(spaceCreated(head + n));
  return log.read(head, count);
}

const send = (...events: (RecordedTollgateEvent | undefined)[]) =>
  events.forEach((event) => bus.sendEvent(logId, event!));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const reached = (feed: Feed, position: number) => until(`position ${position}`, () => feed.applied === position, 5_000);

describe('a feed', () => {
  it('begins with what is in the log after its position', async () => {
    await append(25);
    await reached(open({ from: 5, batchMax: 4 }), 25);
    expect(seen).toEqual(range(6, 25));
  });

  it('takes messages as they come, without reading the log', async () => {
    const { feed, reads } = await openIdle();
    send(...(await append(10)));
    const before = reads();
    await reached(feed, 10);
    expect(seen).toEqual(range(1, 10));
    expect(reads()).toBe(before);
  });

  it('takes messages that hold several events, and of those only what is new', async () => {
    const { feed, reads } = await openIdle();
    const events = await append(10);
    const before = reads();
    bus.sendEvent(logId, ...events.slice(0, 4));
    bus.sendEvent(logId, ...events.slice(6));
    bus.sendEvent(logId, ...events.slice(2, 7));
    await reached(feed, 10);
    expect(seen).toEqual(range(1, 10));
    expect(reads()).toBe(before);
  });

  it('does not trust a message that holds other events than it says', async () => {
    const ids: string[] = [];
    const { feed } = await openIdle({ onEvents: async (events) => void ids.push(...events.map(({ id }) => id)) });
    const events = await append(9);
    const [one, two, three] = events;
    bus.sendEvent(logId, one!, { ...two!, position: 9 }, three!);
    bus.announceHead(logId, 9);
    await reached(feed, 9);
    expect(ids).toEqual(events.map(({ id }) => id));
  });

  it('takes of a message what stands before an event that it cannot decode', async () => {
    const { feed } = await openIdle();
    const [one, two] = await append(2);
    jest.spyOn(log, 'read').mockRejectedValue(new Error('Position 2 cannot be decoded'));
    bus.sendEvent(logId, one!, { ...two, type: 'SpaceMerged' } as unknown as RecordedTollgateEvent);
    await until('it is in trouble', () => feed.trouble !== undefined);
    expect(seen).toEqual([1]);
  });

  it('reads the log when a message is missing, and uses those that came after', async () => {
    const { feed } = await openIdle();
    const [one, , three, four] = await append(4);
    send(one, three, four);
    await reached(feed, 4);
    expect(seen).toEqual(range(1, 4));
  });

  it('drops what was there already', async () => {
    const { feed } = await openIdle();
    const events = await append(4);
    send(...events, ...events, events[1]);
    await reached(feed, 4);
    send(...events, ...(await append(1)));
    await reached(feed, 5);
    expect(seen).toEqual(range(1, 5));
  });

  it('puts messages in order', async () => {
    const { feed } = await openIdle();
    const [one, two, three] = await append(3);
    send(three, two, one);
    await reached(feed, 3);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('notices by an announced head that the last messages were lost', async () => {
    const { feed } = await openIdle();
    await append(3);
    bus.announceHead(logId, 3);
    await reached(feed, 3);
  });

  it('notices by silence that there is no bus', async () => {
    const feed = open({ silenceMs: 30 });
    await append(3);
    await reached(feed, 3);
    await append(2);
    await reached(feed, 5);
  });

  it('takes together what comes within the time that it lingers', async () => {
    const batches: number[] = [];
    const onEvents = async (events: readonly RecordedTollgateEvent[]) => void batches.push(events.length);
    const { feed } = await openIdle({ lingerMs: () => 200, onEvents });
    const events = await append(5);
    for (const event of events) {
      send(event);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(batches).toEqual([]);
    await reached(feed, 5);
    expect(batches).toEqual([5]);
  });

  it('lingers no longer once somebody is in a hurry, or a batch is full', async () => {
    let lingerMs = 60_000;
    const { feed } = await openIdle({ lingerMs: () => lingerMs, batchMax: 3 });
    send(...(await append(3)));
    await reached(feed, 3);
    send(...(await append(1)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(feed.applied).toBe(3);
    lingerMs = 0;
    feed.wake();
    await reached(feed, 4);
  });

  it('asks the log when it is told to', async () => {
    const { feed } = await openIdle();
    await append(2);
    feed.askLog();
    await reached(feed, 2);
  });

  it('knows how far it is behind', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { feed } = await openIdle({ onEvents: () => held });
    send(...(await append(3)));
    bus.announceHead(logId, 7);
    await until('it knows', () => feed.lag === 7);
    expect([feed.head, feed.applied]).toEqual([7, 0]);
    await append(4);
    release();
    await reached(feed, 7);
    expect(feed.lag).toBe(0);
  });

  it('gives the same events again to a consumer that failed, says why nothing moves, and skips nothing', async () => {
    let failures = 3;
    const calls: number[][] = [];
    const feed = open({
      onEvents: async (events) => {
        calls.push(events.map(({ position }) => position));
        if (failures-- > 0) throw new Error(`failed with ${failures} to go`);
      },
    });
    send(...(await append(2)));
    await until('it is in trouble', () => feed.trouble !== undefined);
    expect(feed.trouble!.message).toMatch(/^failed with/);
    await reached(feed, 2);
    expect(new Set(calls.flat())).toEqual(new Set([1, 2]));
    expect(calls.slice(0, 4).map((positions) => positions[0])).toEqual([1, 1, 1, 1]);
    await until('all is well', () => feed.trouble === undefined);
  });

  it('goes on once a source that could not be reached answers', async () => {
    await append(3);
    let down = true;
    const feed = open({
      source: {
        logId: () => log.logId(),
        head: () => log.head(),
        read: async (after, limit) => {
          if (down) throw new Error('no responders');
          return log.read(after, limit);
        },
      },
    });
    await until('it is in trouble', () => feed.trouble?.message === 'no responders');
    down = false;
    await reached(feed, 3);
  });

  it('stops before an event that it cannot decode, however that came', async () => {
    const { feed } = await openIdle();
    const [one, two] = await append(2);
    const read = log.read.bind(log);
    jest.spyOn(log, 'read').mockImplementation(async (after, limit) => {
      if (after + limit >= 2) throw new Error('Position 2: the event type SpaceMerged is not in the catalogue');
      return read(after, limit);
    });
    send(one, { ...two, type: 'SpaceMerged' } as unknown as RecordedTollgateEvent);
    await until('it is in trouble', () => /SpaceMerged/.test(feed.trouble?.message ?? ''));
    expect(seen).toEqual([1]);
  });

  it.each<[string, Partial<FeedMessage>]>([
    ['without headers', { headers: undefined }],
    ['that is no JSON', { data: Buffer.from('{') }],
    [
      'whose previous position is not the one before',
      {
        headers: {
          get: (name) =>
            ({ [eventHeaders.position]: '1', [eventHeaders.previous]: '7', [eventHeaders.logId]: logId })[name] ?? '',
        },
      },
    ],
  ])('does not trust a message %s', async (_, part) => {
    const { feed } = await openIdle();
    const values: Record<string, string> = {
      [eventHeaders.position]: '1',
      [eventHeaders.previous]: '0',
      [eventHeaders.logId]: logId,
    };
    const [event] = await append(1);
    const message = {
      subject: subjects.feed,
      headers: { get: (name: string) => values[name] ?? '' },
      data: Buffer.from(JSON.stringify(event)),
      ...part,
    };
    for (const onMessage of subscribersOf(bus)) onMessage(message);
    bus.announceHead(logId, 1);
    await reached(feed, 1);
    expect(seen).toEqual([1]);
  });

  it('leaves messages of another log alone', async () => {
    const { feed } = await openIdle();
    const [event] = await append(1);
    bus.sendEvent('another-log', { ...event!, position: 1 });
    bus.announceHead('another-log', 99);
    await reached(feed, 1);
    expect([feed.head, feed.lag]).toEqual([1, 0]);
  });

  it('ends when its source turns out to be another log', async () => {
    const changed = jest.fn();
    await append(3);
    const feed = open({ logId: 'the-log-before-the-restore', from: 2, onLogChanged: changed });
    await until('it has noticed', () => changed.mock.calls.length === 1);
    expect(feed.trouble!.message).toContain(`the log is ${logId} and was the-log-before-the-restore`);
    expect(seen).toEqual([]);
  });

  it('ends when its source has lost what was applied already', async () => {
    await append(3);
    const feed = open({ logId, from: 4 });
    await until('it has noticed', () => feed.trouble !== undefined);
    expect(feed.trouble!.message).toContain('the log ends at 3, before 4, which it had');
  });

  describe('when the log was taken back and has gone on otherwise', () => {
    let changed: jest.Mock;
    let feed: Feed;
    let other: RecordedTollgateEvent[];

    /** The feed has three events; the log holds another third one, and two after it. */
    beforeEach(async () => {
      changed = jest.fn();
      ({ feed } = await openIdle({ onLogChanged: changed }));
      const events = await append(5);
      send(...events.slice(0, 3));
      await reached(feed, 3);
      other = events.with(2, { ...events[2]!, id: 'evt_other' });
      jest.spyOn(log, 'read').mockImplementation(async (after, limit) => other.slice(after, after + limit));
    });

    async function ended(): Promise<void> {
      await until('it has noticed', () => changed.mock.calls.length === 1);
      expect(feed.trouble!.message).toContain('the log holds the event evt_other at 3, where it had');
      expect(seen).toEqual([1, 2, 3]);
    }

    it('ends when a message names another event before it', async () => {
      bus.sendAfter('evt_other', logId, other[3]!);
      await ended();
    });

    it('hands over nothing that came before its turn', async () => {
      bus.sendAfter(other[3]!.id, logId, other[4]!);
      bus.sendAfter('evt_other', logId, other[3]!);
      await ended();
    });

    it('ends when it reads another event where it stands', async () => {
      bus.announceHead(logId, 5);
      await ended();
    });

    it('ends when it starts at an event that is not there', async () => {
      feed = open({ from: 3, fromId: 'evt_lost', onLogChanged: changed });
      await until('it has noticed', () => changed.mock.calls.length === 1);
      expect(seen).toEqual([1, 2, 3]);
    });
  });

  it('goes on from the event that it starts at, also when a page has no more than that', async () => {
    const events = await append(5);
    jest.spyOn(log, 'read').mockImplementation(async (after) => events.slice(after, after + 1));
    await reached(open({ from: 2, fromId: events[1]!.id }), 5);
    expect(seen).toEqual([3, 4, 5]);
  });

  it('stops after the call under way, and lets go of the bus', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await append(3);
    const feed = open({
      batchMax: 1,
      onEvents: async (events) => {
        await held;
        seen.push(events[0]!.position);
      },
    });
    await until('it has begun', () => feed.head >= 1);
    const stopped = feed.stop();
    release();
    await stopped;
    expect(seen).toEqual([1]);
    expect(bus.size).toBe(0);
  });

  it('hands over every position once and in order, whatever the bus does', async () => {
    const event = fc.record({
      lost: fc.boolean(),
      copies: fc.integer({ min: 1, max: 3 }),
      delay: fc.integer({ min: 0, max: 5 }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 30 }),
        async (fates, batchMax, late) => {
          log = new InMemoryEventLog();
          bus = new InMemoryBus();
          logId = await log.logId();
          seen = [];
          const failing = new Set(fates.flatMap(({ fails }, index) => (fails ? [index + 1] : [])));
          const onEvents = async (events: readonly RecordedTollgateEvent[]) => {
            if (events.some(({ position }) => failing.delete(position) && position % 3 === 0))
              throw new Error('not now');
            seen.push(...events.map(({ position }) => position));
          };
          const events = await append(fates.length);
          const deliveries = fates.flatMap(({ lost, copies, delay }, index) =>
            lost
              ? []
              : Array.from({ length: copies }, (_, copy) => ({
                  event: events[index]!,
                  turn: index + delay * (copy + 1),
                })),
          );
          deliveries.sort((a, b) => a.turn - b.turn);
          const feed = late === 0 ? undefined : open({ batchMax, onEvents });
          for (const [index, delivery] of deliveries.entries()) {
            if (index % 5 === late % 5) await Promise.resolve();
            send(delivery.event);
          }
          const fed = feed ?? open({ batchMax, onEvents });
          bus.announceHead(logId, fates.length);
          await reached(fed, fates.length);
          await fed.stop();
          expect(seen).toEqual(range(1, fates.length));
        },
      ),
      { numRuns: 60 },
    );
  });
});

function subscribersOf(of: InMemoryBus): ((message: FeedMessage) => void)[] {
  const { subscribers } = of as unknown as {
    subscribers: Set<{ subject: string; onMessage: (message: FeedMessage) => void }>;
  };
  return [...subscribers].filter(({ subject }) => subject === subjects.feed).map(({ onMessage }) => onMessage);
}
