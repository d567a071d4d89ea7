import { describe, expect, it } from '@jest/globals';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { BusEventSource, readPage } from './bus-event-source.ts';
import { InMemoryEventLog } from './in-memory-event-log.ts';
import { eventLogContract } from './testing/event-log-contract.ts';
import { spaceCreated } from './testing/requests.ts';

eventLogContract('InMemoryEventLog', async () => {
  const log = new InMemoryEventLog();
  return { store: log, source: log, streams: log };
});

/** As between two processes: nothing but JSON passes. */
const overTheBus = (log: InMemoryEventLog, bytesMax?: number) =>
  new BusEventSource(async (input) => JSON.parse(JSON.stringify(await readPage(log, input, bytesMax))));

eventLogContract('BusEventSource', async () => {
  const log = new InMemoryEventLog();
  return { store: log, source: overTheBus(log) };
});

describe('a log in memory', () => {
  it('tells what is appended, and does not change with what it gave away', async () => {
    const log = new InMemoryEventLog();
    const told: RecordedTollgateEvent[] = [];
    const stop = log.onAppended((events) => told.push(...events));
    await log.append(spaceCreated(1));
    const [event] = await log.read(0, 1);
    (event!.data as { name: string }).name = 'changed';
    expect(await log.read(0, 1)).toEqual(told);
    stop();
    await log.append(spaceCreated(2));
    expect(told).toHaveLength(1);
  });
});

describe('a page of the log', () => {
  it('is cut so that it fits a message, but has one event if there is one', async () => {
    const log = new InMemoryEventLog();
    for (let n = 1; n <= 20; n++) await log.append(spaceCreated(n));
    const bytes = Buffer.byteLength(JSON.stringify((await log.read(0, 1))[0]));
    expect((await readPage(log, { after: 3, limit: 10 }, bytes * 4.5)).events.map((e) => e.position)).toEqual([
      4, 5, 6, 7,
    ]);
    expect((await readPage(log, { after: 3, limit: 10 }, 1)).events.map((e) => e.position)).toEqual([4]);
    expect((await readPage(log, { after: 3, limit: 2 }, 1e6)).events.map((e) => e.position)).toEqual([4, 5]);
    expect(await readPage(log, { after: 0, limit: 0 })).toEqual({ logId: await log.logId(), head: 20, events: [] });
    expect(await readPage(log, { after: 20, limit: 5 })).toMatchObject({ head: 20, events: [] });
  });

  it('is decoded by its reader: what the reader does not know is an error that names the place', async () => {
    const log = new InMemoryEventLog();
    await log.append(spaceCreated(1));
    const source = new BusEventSource(async (input) => {
      const page = await readPage(log, input);
      return { ...page, events: page.events.map((event) => ({ ...event, typeVersion: 2 })) };
    });
    await expect(source.read(0, 1)).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
      message: expect.stringMatching(
        /^Position 1 \(space-spc_.*\): SpaceCreated is of version 2 and this program knows 1 to 1: deploy/,
      ),
    });
  });
});
