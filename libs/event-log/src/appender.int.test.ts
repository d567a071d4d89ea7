import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { StoredEvent } from './codec.ts';
import type { AppendRequest } from './types.ts';
import { EventAppender, type AppenderOptions } from './appender.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { idOf, org, spaceCreated, tokenRenamed } from './testing/requests.ts';
import { heldAppend, untilBlocked } from './testing/held-append.ts';
import { until } from './testing/until.ts';

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

describe('erasable rows', () => {
  const person = (n: number, externalSubject: string | null): AppendRequest => ({
    ...spaceCreated(fresh()),
    personal: [
      {
        table: 'people',
        accountId: idOf('acc', n),
        orgId: org,
        name: 'Ada',
        email: 'ada@example.com',
        externalSubject,
      },
      {
        table: 'requests',
        requestId: `req_${n}`,
        orgId: org,
        accountId: idOf('acc', n),
        ip: '192.0.2.7',
        userAgent: 'curl',
        salt: 'c2FsdA==',
      },
    ],
  });

  it('are written with the events, and not in them', async () => {
    const n = fresh();
    const before = await log.head();
    await appender.append(person(n, 'auth0|1'));
    const { rows } = await db.admin.query(
      'SELECT * FROM personal.people JOIN personal.requests USING (account_id, org_id) WHERE account_id = $1',
      [idOf('acc', n)],
    );
    expect(rows).toEqual([
      {
        account_id: idOf('acc', n),
        org_id: org,
        name: 'Ada',
        email: 'ada@example.com',
        external_subject: 'auth0|1',
        request_id: `req_${n}`,
        ip: '192.0.2.7',
        user_agent: 'curl',
        salt: 'c2FsdA==',
      },
    ]);
    expect(JSON.stringify(await log.read(before, 1))).not.toMatch(/Ada|192\.0\.2|curl/);
  });

  it('with an external subject that is taken are refused with everything else of their append', async () => {
    await appender.append(person(fresh(), 'auth0|2'));
    const before = await log.head();
    const outcomes = await Promise.allSettled([
      appender.append(person(fresh(), 'auth0|2')),
      appender.append(spaceCreated(fresh())),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await positions(before)).toEqual([before + 1]);
  });

  it('of one request are written once, however often it appends', async () => {
    const { personal } = person(fresh(), null);
    const request = personal![1]! as { requestId: string };
    await appender.append({ ...spaceCreated(fresh()), personal: [personal![1]!] });
    await appender.append({ ...spaceCreated(fresh()), personal: [{ ...personal![1]!, salt: 'other' } as never] });
    const { rows } = await db.admin.query('SELECT salt FROM personal.requests WHERE request_id = $1', [
      request.requestId,
    ]);
    expect(rows).toEqual([{ salt: 'c2FsdA==' }]);
  });
});

describe('when Postgres', () => {
  it('breaks an idle connection, the next append does not notice', async () => {
    await appender.append(spaceCreated(fresh()));
    await db.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tollgate appender'`,
    );
    expect(await appender.append(spaceCreated(fresh()))).toMatchObject({ replayed: false });
  });

  it('goes away, whatever waits fails fast with SERVICE_UNAVAILABLE; when it is back, appending is too', async () => {
    await appender.append(spaceCreated(fresh()));
    const before = await log.head();
    await db.server.kill();
    const started = performance.now();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 250 }, () => appender.append(spaceCreated(fresh()))),
    );
    expect(performance.now() - started).toBeLessThan(2_000);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
    await db.server.restart();
    expect(await appender.append(spaceCreated(fresh()))).toMatchObject({ positions: [before + 1] });
  });

  it('is killed under load, everything acknowledged is there and positions stay dense', async () => {
    const before = await log.head();
    const acknowledged: number[] = [];
    let running = true;
    const write = async () => {
      while (running) {
        try {
          const result = await appender.append(spaceCreated(fresh()));
          if (!result.replayed) acknowledged.push(...result.positions);
        } catch (error) {
          if ((error as { code: string }).code !== 'SERVICE_UNAVAILABLE') throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const load = Promise.all(Array.from({ length: 16 }, write));
    await until('it runs', () => acknowledged.length > 200);
    await db.server.kill();
    await db.server.restart();
    const soFar = acknowledged.length;
    await until('it runs again', () => acknowledged.length > soFar + 200, 5_000);
    running = false;
    await load;
    const written = await positions(before);
    expect(written).toEqual(dense(before, written.length));
    expect(acknowledged.filter((position) => !written.includes(position))).toEqual([]);
  });

  it('does not answer any more, everything that waits fails with the first of it', async () => {
    // Schedule: somebody holds the head and does not end; one append waits for it until the statement timeout (3 s), two wait
    // for that one; the holder ends; appending works.
    const oneByOne = open({ batchMax: 1 });
    const held = await heldAppend(db, spaceCreated(fresh()));
    const started = performance.now();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => oneByOne.append(spaceCreated(fresh()))));
    expect(performance.now() - started).toBeLessThan(5_500);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
    }
    await held.rollBack();
    expect(await oneByOne.append(spaceCreated(fresh()))).toMatchObject({ replayed: false });
  });
});

describe('an appender that has the log to itself', () => {
  const key = (name: string) => ({
    orgId: org,
    caller: 'acc_1',
    operation: 'spaces.create',
    key: name,
    requestHash: 'hash',
    answer: (places: readonly number[]) => places,
  });

  /** After two batches in a row it guesses. */
  async function settled(): Promise<void> {
    for (let n = 0; n < 3; n++) await appender.append(spaceCreated(fresh()));
  }

  /** What the appender asks of Postgres meanwhile. */
  async function statements(work: () => Promise<unknown>): Promise<number> {
    const query = jest.spyOn(pg.Client.prototype, 'query');
    try {
      await work();
      return query.mock.calls.length;
    } finally {
      query.mockRestore();
    }
  }

  it('looks and writes with one statement', async () => {
    await settled();
    const n = fresh();
    expect(await statements(() => appender.append(tokenRenamed(n, 0)))).toBe(1);
    expect(await statements(() => appender.append(tokenRenamed(n, 1)))).toBe(1);
    const before = await log.head();
    const idempotency = key(`alone-${n}`);
    const guards = [{ stream: tokenRenamed(n, 0).stream, version: 2 }];
    expect(await statements(() => appender.append({ ...spaceCreated(fresh()), guards, idempotency }))).toBe(1);
    expect(await appender.append({ ...spaceCreated(fresh()), idempotency })).toMatchObject({ replayed: true });
    expect(await positions(before)).toEqual([before + 1]);
  });

  it('does not go by that when it was quiet for long', async () => {
    await settled();
    const now = performance.now();
    jest.spyOn(performance, 'now').mockReturnValue(now + 1_100);
    expect(await statements(() => appender.append(spaceCreated(fresh())))).toBeGreaterThan(1);
    jest.restoreAllMocks();
  });

  it('notices that another one appended', async () => {
    const n = fresh();
    await appender.append(tokenRenamed(n, 0));
    await settled();
    const before = await log.head();
    await open().append(tokenRenamed(n, 1));
    await expect(appender.append(tokenRenamed(n, 1))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('it is at version 2, not 1'),
    });
    await appender.append(tokenRenamed(n, 2));
    expect(await positions(before)).toEqual([before + 1, before + 2]);
  });

  it('notices what was appended while it waited for the head', async () => {
    await settled();
    const held = await heldAppend(db, spaceCreated(fresh()));
    const waiting = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    await held.commit();
    expect(await waiting).toMatchObject({ positions: [held.position + 1] });
  });

  it('goes on where it was when what it waited for was rolled back', async () => {
    await settled();
    const held = await heldAppend(db, spaceCreated(fresh()));
    const waiting = appender.append(spaceCreated(fresh()));
    await untilBlocked(db);
    await held.rollBack();
    expect(await waiting).toMatchObject({ positions: [held.position] });
  });

  it('refuses of a batch only what lost', async () => {
    const n = fresh();
    await appender.append(tokenRenamed(n, 0));
    await settled();
    const outcomes = await Promise.allSettled([
      appender.append(tokenRenamed(n, 0, 'stale')),
      appender.append(tokenRenamed(n, 1, 'first')),
      appender.append(tokenRenamed(n, 1, 'second')),
      appender.append(spaceCreated(fresh())),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  });
});

describe('an appender', () => {
  it('tells of each commit, after it', async () => {
    const told: (readonly StoredEvent[])[] = [];
    const telling = open({ onCommitted: (events) => told.push(events) });
    await telling.append(spaceCreated(fresh()));
    expect(told).toEqual([await log.readStored((await log.head()) - 1, 1)]);
    await telling.append(spaceCreated(counter)).catch(() => undefined);
    expect(told).toHaveLength(1);
  });

  it('goes on when whoever it tells of a commit fails', async () => {
    const telling = open({
      onCommitted: () => {
        throw new Error('the bus is closed');
      },
    });
    await telling.append(spaceCreated(fresh()));
    expect(await telling.append(spaceCreated(fresh()))).toMatchObject({ replayed: false });
  });

  it('that is closed writes what waits and refuses the rest', async () => {
    const closing = open();
    const waiting = Promise.all(Array.from({ length: 5 }, () => closing.append(spaceCreated(fresh()))));
    await closing.close();
    expect(await waiting).toHaveLength(5);
    await expect(closing.append(spaceCreated(fresh()))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('refuses more than may wait', async () => {
    const small = open({ waitingMax: 2, batchMax: 1 });
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(() => small.append(spaceCreated(fresh()))));
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason.message).toContain('Too many changes are waiting');
  });
});
