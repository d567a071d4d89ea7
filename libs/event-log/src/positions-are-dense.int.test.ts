import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventAppender, type AppenderOptions } from './appender.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { idOf, spaceCreated, tokenRenamed } from './testing/requests.ts';
import { heldAppend, untilBlocked } from './testing/held-append.ts';

let db: TestDatabase;
let log: PostgresEventLog;
let appender: EventAppender;
const others: EventAppender[] = [];
let counter = 0;
const fresh = () => ++counter;

beforeAll(async () => {
  db = await startDatabase();
  log = new PostgresEventLog(db.pool('token-command'));
});
afterAll(() => db.stop());
beforeEach(() => {
  appender = open();
});
afterEach(async () => {
  await Promise.all(others.splice(0).map((other) => other.close()));
});

function open(options: Partial<AppenderOptions> = {}): EventAppender {
  const opened = new EventAppender({ url: db.url('token-command'), ...options });
  others.push(opened);
  return opened;
}

const positions = async (after: number) => (await log.read(after, 10_000)).map(({ position }) => position);
const dense = (after: number, count: number) => Array.from({ length: count }, (_, index) => after + index + 1);

describe('appends of several processes', () => {
  it('wait for the one that came first, and a reader sees nothing of it before its commit', async () => {
    // Schedule: H takes the head and writes; A appends and waits; a reader reads; H commits; A commits behind it.
    const before = await log.head();
    const held = await heldAppend(db, spaceCreated(fresh()));
    const waiting = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    expect(await log.head()).toBe(before);
    expect(await positions(before)).toEqual([]);
    await held.commit();
    expect(await waiting).toMatchObject({ positions: [held.position + 1] });
    expect(await positions(before)).toEqual([before + 1, before + 2]);
  });

  it('leave no hole when the first one rolls back', async () => {
    // Schedule: H takes the head and writes; A appends and waits; H rolls back; A gets the position that H had.
    const before = await log.head();
    const held = await heldAppend(db, spaceCreated(fresh()));
    const waiting = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    await held.rollBack();
    expect(await waiting).toMatchObject({ positions: [held.position] });
    expect(await positions(before)).toEqual([before + 1]);
  });

  it('conflict on what was committed while they waited, not on what they could see when they began', async () => {
    // Schedule: H takes the head and writes version 1 of a stream; A expects version 0 and waits; H commits; A is refused.
    const n = fresh();
    const held = await heldAppend(db, spaceCreated(n));
    const waiting = appender.append(spaceCreated(n));
    const other = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    await held.commit();
    await expect(waiting).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('version 1, not 0'),
    });
    expect(await other).toMatchObject({ positions: [held.position + 1] });
  });

  it('interleave densely, and each stream has every version once', async () => {
    const before = await log.head();
    const appenders = [appender, open(), open({ batchMax: 3 })];
    const streams = [fresh(), fresh(), fresh()];
    let conflicts = 0;
    /** Reads, decides, appends, and after a conflict again: what every command does. */
    const command = async (by: EventAppender, n: number) => {
      for (;;) {
        const { length } = await log.readStream(tokenRenamed(n, 0).stream);
        try {
          return await by.append(tokenRenamed(n, length));
        } catch (error) {
          if ((error as { code: string }).code !== 'CONFLICT') throw error;
          conflicts++;
        }
      }
    };
    await Promise.all(
      appenders.flatMap((by) => streams.flatMap((n) => Array.from({ length: 15 }, () => command(by, n)))),
    );
    const count = appenders.length * streams.length * 15;
    expect(conflicts).toBeGreaterThan(0);
    expect(await positions(before)).toEqual(dense(before, count));
    for (const n of streams) {
      const versions = (await log.readStream(tokenRenamed(n, 0).stream)).map(({ version }) => version);
      expect(versions).toEqual(dense(0, count / streams.length));
    }
  });
});

describe('a batch', () => {
  /** Everything that `appends` starts lands in one transaction, because the head is held meanwhile. */
  async function together<T>(appends: () => Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
    const held = await heldAppend(db, spaceCreated(fresh()));
    const first = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    const settled = Promise.allSettled(appends());
    await held.rollBack();
    await first;
    return settled;
  }

  it('is written by one transaction', async () => {
    const xids = async (after: number) =>
      (await db.admin.query('SELECT DISTINCT xmin::text FROM log.events WHERE position > $1', [after])).rows.length;
    const before = (await log.head()) + 1;
    await together(() => Array.from({ length: 40 }, () => appender.append(spaceCreated(fresh()))));
    expect(await positions(before)).toEqual(dense(before, 40));
    expect(await xids(before)).toBe(1);
  });

  it('refuses the losers and writes the rest', async () => {
    const [n, m] = [fresh(), fresh()];
    const before = (await log.head()) + 1;
    const outcomes = await together(() => [
      appender.append(tokenRenamed(n, 0)),
      appender.append(tokenRenamed(n, 0, 'loses')),
      appender.append(tokenRenamed(n, 1)),
      appender.append({ ...tokenRenamed(m, 0), guards: [{ stream: tokenRenamed(n, 0).stream, version: 1 }] }),
      appender.append({ ...tokenRenamed(m, 0), guards: [{ stream: tokenRenamed(n, 0).stream, version: 2 }] }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await positions(before)).toEqual(dense(before, 3));
  });

  it.each([
    [
      'a text that Postgres cannot store',
      () =>
        spaceCreated(fresh(), {
          events: [{ type: 'SpaceCreated', data: { spaceId: idOf('spc', fresh()), name: 'a\u0000b' } }],
        }),
      /\\u0000|unsupported Unicode/,
    ],
    [
      'half a character',
      () =>
        spaceCreated(fresh(), {
          events: [{ type: 'SpaceCreated', data: { spaceId: idOf('spc', fresh()), name: 'a\ud800b' } }],
        }),
      /invalid input syntax|Unicode/,
    ],
  ])('does not fail for %s in one of its appends', async (_, poisoned, message) => {
    const before = (await log.head()) + 1;
    const outcomes = await together(() => [
      appender.append(spaceCreated(fresh())),
      appender.append(poisoned()),
      appender.append(spaceCreated(fresh())),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toMatch(message);
    expect(await positions(before)).toEqual(dense(before, 2));
  });

  it('takes no more events than it may, and an append with more goes alone', async () => {
    const small = open({ batchMax: 4 });
    const events = (n: number, count: number) =>
      Array.from({ length: count }, (_, version) => tokenRenamed(n, version).events[0]!);
    const before = await log.head();
    const held = await heldAppend(db, spaceCreated(fresh()));
    const appends = [1, 3, 2, 9, 1].map((count) => {
      const n = fresh();
      return small.append({ ...tokenRenamed(n, 0), events: events(n, count) });
    });
    await untilBlocked(db);
    await held.rollBack();
    await Promise.all(appends);
    const { rows } = await db.admin.query(
      'SELECT count(*) AS n FROM log.events WHERE position > $1 GROUP BY xmin::text ORDER BY min(position)',
      [before],
    );
    expect(rows.map(({ n }) => n)).toEqual([4, 2, 9, 1]);
  });
});
