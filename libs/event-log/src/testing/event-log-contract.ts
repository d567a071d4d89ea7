import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@tollgate/contracts';
import type { Appended, AppendResult, EventSource, EventStore, Idempotency, StreamReader } from '../types.ts';
import { at, idOf, org, spaceCreated, tokenRenamed } from './requests.ts';

export interface LogUnderTest {
  readonly store: EventStore;
  readonly source: EventSource;
  /** Absent for a source that reads no streams. */
  readonly streams?: StreamReader;
  close?(): Promise<void>;
}

let counter = 0;
/** Numbers for ids that no other test of the suite uses: the log is append-only, so tests share it. */
const fresh = () => (counter += 10);

function appended(result: AppendResult): Appended {
  if (result.replayed) throw new Error('it was replayed');
  return result;
}

/** What every event log promises, whatever it is made of. Run against each implementation. */
export function eventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name}, as an event log`, () => {
    let log: LogUnderTest;
    const append = async (...args: Parameters<EventStore['append']>) => appended(await log.store.append(...args));

    beforeAll(async () => {
      log = await open();
    });
    afterAll(async () => log.close?.());

    it('starts empty, under an id that stays', async () => {
      expect(await log.source.head()).toBe(0);
      expect(await log.source.read(0, 10)).toEqual([]);
      expect(await log.source.logId()).toMatch(/^[0-9a-f-]{36}$/);
      expect(await log.source.logId()).toBe(await log.source.logId());
    });

    it('gives what was appended back to the byte as it was recorded, whatever order it came in', async () => {
      const before = await log.source.head();
      const teamId = idOf('tea', fresh());
      const policy = { allow: { tools: ['search.*'] }, deny: { tools: ['search.delete'] } };
      const events: NewEvent[] = [{ type: 'TeamPolicySet', data: { previous: {}, policy, teamId } }];
      const result = await append({ ...spaceCreated(0), stream: `team-${teamId}`, events });
      expect(JSON.stringify(await log.source.read(before, 10))).toBe(JSON.stringify(result.events));
    });

    it('gives what was appended back as it was recorded, at the next position', async () => {
      const before = await log.source.head();
      const request = spaceCreated(fresh());
      const result = await append(request);
      expect(result).toMatchObject({ positions: [before + 1], version: 1 });
      const [event] = await log.source.read(before, 10);
      expect(event).toEqual(result.events[0]);
      expect(event).toEqual({
        position: before + 1,
        id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
        stream: request.stream,
        version: 1,
        category: 'space',
        type: 'SpaceCreated',
        typeVersion: 1,
        orgId: org,
        at,
        data: request.events[0]!.data,
        meta: request.meta,
      });
      expect(await log.source.head()).toBe(before + 1);
    });

    it('appends several events of one stream together, adjacent and in order', async () => {
      const n = fresh();
      const events = [1, 2, 3].flatMap((version) => tokenRenamed(n, version).events);
      const result = await append({ ...tokenRenamed(n, 0), events });
      expect(result.version).toBe(3);
      expect(result.positions).toEqual([0, 1, 2].map((index) => result.positions[0]! + index));
      expect(result.events.map(({ version, data }) => [version, (data as { name: string }).name])).toEqual([
        [1, 'Name 1'],
        [2, 'Name 2'],
        [3, 'Name 3'],
      ]);
    });

    it('reads pages: after a position, in order, as many as asked for', async () => {
      const before = await log.source.head();
      for (let i = 0; i < 5; i++) await append(spaceCreated(fresh()));
      expect((await log.source.read(before, 3)).map(({ position }) => position)).toEqual(
        [1, 2, 3].map((i) => before + i),
      );
      expect((await log.source.read(before + 3, 3)).map(({ position }) => position)).toEqual(
        [4, 5].map((i) => before + i),
      );
      expect(await log.source.read(before + 5, 3)).toEqual([]);
    });

    it.each([
      ['below', 0],
      ['above', 2],
    ])('refuses an expected version %s the stream’s, writing nothing', async (_, expectedVersion) => {
      const n = fresh();
      await append(tokenRenamed(n, 0));
      const head = await log.source.head();
      await expect(log.store.append(tokenRenamed(n, expectedVersion))).rejects.toMatchObject({
        name: 'TollgateError',
        code: 'CONFLICT',
        message: expect.stringContaining(
          `token-${idOf('tok', n)} came first: it is at version 1, not ${expectedVersion}`,
        ),
      });
      expect(await log.source.head()).toBe(head);
    });

    it('appends to the end of a stream, wherever that is, when no version is expected', async () => {
      const n = fresh();
      const next = (name: string) => ({ ...tokenRenamed(n, 0, name), expectedVersion: 'any' as const });
      expect(await append(next('first'))).toMatchObject({ version: 1 });
      const added = await Promise.all(['a', 'b', 'c', 'd'].map((name) => append(next(name))));
      expect(added.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
      const other = fresh();
      const { events } = await append({ ...tokenRenamed(other, 0), also: [next('e')] });
      expect(events.map(({ version }) => version)).toEqual([1, 6]);
    });

    it('refuses when a guarded stream has moved on, and only then', async () => {
      const [n, guarded] = [fresh(), fresh()];
      await append(tokenRenamed(guarded, 0));
      const guards = [{ stream: tokenRenamed(guarded, 0).stream, version: 1 }];
      await append({ ...tokenRenamed(n, 0), guards });
      await append(tokenRenamed(guarded, 1));
      await expect(log.store.append({ ...tokenRenamed(n, 1), guards })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(guards[0]!.stream),
      });
      await append({ ...tokenRenamed(n, 1), guards: [{ ...guards[0]!, version: 2 }] });
    });

    it('writes events of several streams together or not at all', async () => {
      const [n, also, last] = [fresh(), fresh(), fresh()];
      await append(tokenRenamed(also, 0));
      const before = await log.source.head();
      const request = { ...tokenRenamed(n, 0), also: [tokenRenamed(also, 1), spaceCreated(last)] };
      const result = await append(request);
      expect(result).toMatchObject({ version: 1, positions: [1, 2, 3].map((index) => before + index) });
      expect(result.events.map(({ stream, version }) => [stream, version])).toEqual([
        [request.stream, 1],
        [request.also[0]!.stream, 2],
        [request.also[1]!.stream, 1],
      ]);
      expect(await log.source.read(before, 10)).toEqual(result.events);
      for (const lost of [tokenRenamed(also, 1), spaceCreated(last)]) {
        const rest = { ...tokenRenamed(n, 1), also: [spaceCreated(fresh()), lost] };
        await expect(log.store.append(rest)).rejects.toMatchObject({
          code: 'CONFLICT',
          message: expect.stringContaining(lost.stream),
        });
      }
      const twice = { ...tokenRenamed(n, 1), also: [tokenRenamed(n, 2)] };
      await expect(log.store.append(twice)).rejects.toThrow('twice');
      expect(await log.source.head()).toBe(before + 3);
    });

    it('lets one of two concurrent appends to a stream win, and leaves no hole', async () => {
      const n = fresh();
      const before = await log.source.head();
      const outcomes = await Promise.allSettled(
        ['one', 'other', 'third'].map((name) => log.store.append(tokenRenamed(n, 0, name))),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('CONFLICT');
      await append(spaceCreated(fresh()));
      expect((await log.source.read(before, 10)).map(({ position }) => position)).toEqual([before + 1, before + 2]);
    });

    it('never lets time run backwards', async () => {
      const later = '2026-02-01T00:00:00.000Z';
      await append(spaceCreated(fresh(), { at: later }));
      const { events } = await append(spaceCreated(fresh(), { at: '2026-01-31T23:59:59.999Z' }));
      expect(events[0]!.at).toBe(later);
    });

    describe('with an idempotency key', () => {
      const idempotency = (key: string, overrides: Partial<Idempotency> = {}): Idempotency => ({
        orgId: org,
        caller: 'acc_1',
        operation: 'spaces.create',
        key,
        requestHash: 'hash-1',
        answer: (positions, events) => ({ positions, id: events[0]?.id ?? null }),
        ...overrides,
      });

      it('keeps the answer and gives it back instead of writing again', async () => {
        const [n, key] = [fresh(), `key-${fresh()}`];
        const first = await append({ ...spaceCreated(n), idempotency: idempotency(key) });
        const head = await log.source.head();
        const again = { ...spaceCreated(n), idempotency: idempotency(key, { requestHash: 'hash-2' }) };
        expect(await log.store.append(again)).toEqual({
          replayed: true,
          replay: { positions: first.positions, id: first.events[0]!.id },
          requestHash: 'hash-1',
          position: first.positions[0],
        });
        expect(await log.source.head()).toBe(head);
      });

      it('gives the same to a repetition that arrives together with the first', async () => {
        const [n, key] = [fresh(), `key-${fresh()}`];
        const before = await log.source.head();
        const request = { ...spaceCreated(n), idempotency: idempotency(key) };
        const results = await Promise.all([1, 2, 3].map(() => log.store.append(request)));
        expect(results.map(({ replayed }) => replayed)).toEqual([false, true, true]);
        expect(await log.source.head()).toBe(before + 1);
      });

      it('keeps keys of other organizations, callers and operations apart', async () => {
        const key = `key-${fresh()}`;
        const others = [{}, { orgId: null }, { caller: 'acc_2' }, { operation: 'tokens.create' }, { key: `${key}x` }];
        for (const other of others) await append({ ...spaceCreated(fresh()), idempotency: idempotency(key, other) });
      });

      it('keeps nothing for an append that was refused', async () => {
        const [n, key] = [fresh(), `key-${fresh()}`];
        await expect(
          log.store.append({ ...spaceCreated(n, { expectedVersion: 5 }), idempotency: idempotency(key) }),
        ).rejects.toThrow();
        await append({ ...spaceCreated(n), idempotency: idempotency(key) });
      });

      it('keeps the answer of a command that changed nothing', async () => {
        const [n, key] = [fresh(), `key-${fresh()}`];
        await append(spaceCreated(n));
        const head = await log.source.head();
        const nothing = { ...spaceCreated(n, { expectedVersion: 1, events: [] }), idempotency: idempotency(key) };
        expect(await log.store.append(nothing)).toMatchObject({
          replayed: false,
          positions: [],
          version: 1,
          events: [],
        });
        expect(await log.store.append(nothing)).toMatchObject({
          replayed: true,
          replay: { positions: [], id: null },
          position: head,
        });
        expect(await log.source.head()).toBe(head);
      });
    });

    it.each<[string, NewEvent, string]>([
      ['an unknown type', { type: 'SpaceForgotten', data: {} }, 'is not in the catalogue'],
      [
        'data of another shape',
        { type: 'SpaceCreated', data: { spaceId: 'spc_1', name: 'x' } },
        'does not have the shape',
      ],
      [
        'a stream of another category',
        { type: 'TokenRevoked', data: { tokenId: idOf('tok', 1), reason: null } },
        'belongs in a stream token-',
      ],
    ])('refuses %s, which can only be a mistake', async (_, event, message) => {
      const head = await log.source.head();
      await expect(log.store.append(spaceCreated(fresh(), { events: [event] }))).rejects.toThrow(message);
      expect(await log.source.head()).toBe(head);
    });

    it('refuses a time that is not RFC 3339 UTC with milliseconds', async () => {
      await expect(log.store.append(spaceCreated(fresh(), { at: '2026-01-31T12:00:00Z' }))).rejects.toThrow('RFC 3339');
    });

    it('leaves fields out that the catalogue does not know', async () => {
      const request = spaceCreated(fresh());
      const data = { ...(request.events[0]!.data as object), email: 'ada@example.com' };
      const { events } = await append({ ...request, events: [{ type: 'SpaceCreated', data }] });
      expect(events[0]!.data).toEqual(request.events[0]!.data);
    });

    it('reads whole streams, all of one moment', async () => {
      if (!log.streams) return;
      const [n, other] = [fresh(), fresh()];
      for (let version = 0; version < 3; version++) await append(tokenRenamed(n, version));
      await append(spaceCreated(other));
      const token = tokenRenamed(n, 0).stream;
      const space = spaceCreated(other).stream;
      const versions = (events: readonly { version: number }[] | undefined) => events?.map(({ version }) => version);
      expect(versions(await log.streams.readStream(token))).toEqual([1, 2, 3]);
      expect(versions(await log.streams.readStream(token, 2))).toEqual([3]);
      expect(await log.streams.readStream('token-none')).toEqual([]);
      const streams = await log.streams.readStreams([token, space, 'token-none', token]);
      expect([...streams].map(([stream, events]) => [stream, versions(events)])).toEqual([
        [token, [1, 2, 3]],
        [space, [1]],
        ['token-none', []],
      ]);
    });
  });
}
