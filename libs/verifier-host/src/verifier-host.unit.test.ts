import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Decision, EventData, NewEvent, RecordedTollgateEvent } from '@tollgate/contracts';
import { digestSecret, mintSecret } from '@tollgate/credential';
import { InMemoryEventLog, type EventSource } from '@tollgate/event-log';
import { type EventMark, Replica, rowKinds, rowText, type SnapshotPage } from '@tollgate/verifier';
import type { Authority } from './authority.ts';
import { compareReplicas, replay } from './rebuild.ts';
import { idOf, org, until } from '@tollgate/event-log/testing';
import { VerifierHost } from './verifier-host.ts';

const account = idOf('acc', 1);

const meta = {
  actor: { type: 'system', id: 'test' },
  correlationId: 'test',
  causationId: 'test',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;

const secretOf = (n: number) =>
  mintSecret({ prefix: 'sk', environment: 'live', randomBytes: new Uint8Array(32).fill(n) });

/** Each event in a stream of its own: a replica looks at positions only. */
async function append(log: InMemoryEventLog, type: NewEvent['type'], data: unknown, category: string): Promise<void> {
  const stream = `${category}-${await log.head()}`;
  await log.append({
    stream,
    expectedVersion: 0,
    orgId: org,
    events: [{ type, data }],
    meta,
    at: '2026-01-01T00:00:00.000Z',
  });
}

async function createToken(log: InMemoryEventLog, n: number): Promise<void> {
  const data: EventData<'TokenCreated'> = {
    tokenId: idOf('tok', n),
    name: 'A token',
    accountId: account,
    scope: { type: 'multi-space' },
    product: 'default',
    environment: 'live',
    teamId: null,
    expiresAt: null,
    digest: digestSecret(secretOf(n)),
    hint: 'sk_live_...0000',
    prefix: 'sk_live_',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
  };
  await append(log, 'TokenCreated', data, 'token');
}

async function newLog(tokens: number): Promise<InMemoryEventLog> {
  const log = new InMemoryEventLog();
  await append(log, 'AccountCreated', { accountId: account, kind: 'service', role: 'member' }, 'account');
  for (let n = 1; n <= tokens; n++) await createToken(log, n);
  return log;
}

/** An authority without a bus: the feed lives on what it reads from the log. */
class FakeAuthority implements Authority {
  source: EventSource;
  readonly feedBus = { subscribe: () => () => {} };
  readonly steps: string[] = [];
  readonly leaseholders: string[] = [];

  readonly #pages: readonly SnapshotPage[];

  constructor(log: EventSource, pages: readonly SnapshotPage[]) {
    this.source = log;
    this.#pages = pages;
  }

  /** Without pages the log is read from its beginning. */
  async snapshot(after: SnapshotPage['next']): Promise<SnapshotPage> {
    const empty = { logId: await this.source.logId(), position: 0, rows: '', next: null };
    return this.#pages[after === null ? 0 : 1] ?? empty;
  }

  async primaryHead() {
    return { logId: await this.source.logId(), head: await this.source.head(), authorityTimeMs: Date.now() };
  }

  async renewLease(incarnation: string, applied: EventMark | null) {
    this.steps.push('renew');
    this.leaseholders.push(incarnation);
    const [last] = applied ? await this.source.read(applied.position - 1, 1) : [];
    return { ...(await this.primaryHead()), sameHistory: last?.id === applied?.eventId, leaseMs: 2000 };
  }

  async returnLease() {
    this.steps.push('return');
  }

  acknowledge() {}

  onBarrier() {
    return () => {};
  }

  onBalances() {
    return () => {};
  }
}

let host: VerifierHost;
let authority: FakeAuthority;
let log: InMemoryEventLog;

beforeEach(async () => {
  log = await newLog(3);
  begin(log);
  await leased();
});

function begin(source: EventSource, pages: readonly SnapshotPage[] = []): void {
  authority = new FakeAuthority(source, pages);
  host = new VerifierHost(authority);
  host.start();
}

async function leased(): Promise<void> {
  await until('the lease is there', () => host.state().lease.ok);
}

afterEach(() => host.stop());

const codeOf = (n: number) => (host.verifier.verify({ token: secretOf(n) }) as Decision).code;

describe('the start', () => {
  it('asks for a lease only once the replica has caught up, because narrowing changes wait for leaseholders', async () => {
    await host.stop();
    const gate = Promise.withResolvers<void>();
    begin({
      logId: () => log.logId(),
      head: () => log.head(),
      read: (after, limit) => gate.promise.then(() => log.read(after, limit)),
    });
    await until('the head is known', () => host.state().bootstrapHead === 4);
    expect(authority.steps).toEqual([]);
    gate.resolve();
    await leased();
    expect(host.state()).toMatchObject({ bootstrapped: true, applied: 4 });
  });
});

describe('a snapshot', () => {
  /** The rows of a replica that has applied the log so far, as one page for accounts and one for tokens. */
  async function pagesOf(source: InMemoryEventLog): Promise<SnapshotPage[]> {
    const replica = new Replica(await source.logId());
    for (const event of await source.read(0, 1000)) replica.apply(event);
    const position = replica.applied;
    const { logId } = replica;
    const [accountKind, tokenKind] = [rowKinds.indexOf('account'), rowKinds.indexOf('token')];
    const accounts = [...replica.accounts].map((state) => `${accountKind} ${state.id} ${rowText('account', state)}`);
    const tokens = [...replica.tokens].map((state) => `${tokenKind} ${state.id} ${rowText('token', state)}`);
    return [
      { logId, position, rows: accounts.join(';'), next: { kind: tokenKind, key: '' } },
      { logId, position, rows: tokens.join(';'), next: null },
    ];
  }

  it('is what a verifier begins with: of the log it reads what came later', async () => {
    await host.stop();
    const [first, second] = await pagesOf(log);
    await createToken(log, 4);
    const reads: number[] = [];
    const source = {
      logId: () => log.logId(),
      head: () => log.head(),
      read: (after: number, limit: number) => (reads.push(after), log.read(after, limit)),
    };
    begin(source, [first!, second!]);
    await leased();
    expect([1, 2, 3, 4].map(codeOf)).toEqual(['OK', 'OK', 'OK', 'OK']);
    // And the event at which the snapshot ends, to know it by name.
    expect(Math.min(...reads)).toBe(3);
  });

  it('whose pages were read at different positions gives no lease before the last of these is applied', async () => {
    await host.stop();
    const [first] = await pagesOf(log);
    await append(log, 'TokenRevoked', { tokenId: idOf('tok', 2), reason: null }, 'token');
    const [, second] = await pagesOf(log);
    const gate = Promise.withResolvers<void>();
    const source = {
      logId: () => log.logId(),
      // As it stood when the first page was read.
      head: () => Promise.resolve(4),
      read: (after: number, limit: number) =>
        after < 4 ? log.read(after, limit) : gate.promise.then(() => log.read(after, limit)),
    };
    begin(source, [first!, second!]);
    await until('the snapshot is there', () => host.state().applied === 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(authority.steps).toEqual([]);
    authority.source = log;
    gate.resolve();
    await host.verifier.verify({ token: secretOf(1), strict: true });
    await leased();
    expect([1, 2, 3].map(codeOf)).toEqual(['OK', 'TOKEN_INVALID', 'OK']);
  });
});

describe('a log that was restored to an earlier state and has gone on otherwise', () => {
  it('is read anew under another incarnation, although its id is the same and it is longer than what was held', async () => {
    const restored = await newLog(1);
    await append(restored, 'TokenRevoked', { tokenId: idOf('tok', 1), reason: null }, 'token');
    for (let n = 5; n <= 9; n++) await createToken(restored, n);
    const logId = await log.logId();
    const [before] = authority.leaseholders;
    authority.source = {
      logId: () => Promise.resolve(logId),
      head: () => restored.head(),
      read: (after, limit) => restored.read(after, limit),
    };
    await until('the new history is there', () => codeOf(5) === 'OK');
    expect([1, 2].map(codeOf)).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID']);
    expect(authority.leaseholders.at(-1)).not.toBe(before);
  });
});

describe('a strict verification', () => {
  it('makes the feed read the log at once when the replica is behind the primary', async () => {
    await createToken(log, 4);
    const startedAt = performance.now();
    expect(await host.verifier.verify({ token: secretOf(4), strict: true })).toMatchObject({
      valid: true,
      position: 5,
    });
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('a rebuild of the replica', () => {
  it('goes on from where the running one stood', async () => {
    expect(await host.rebuild()).toMatchObject({ identical: true, position: 4, differences: [] });
    await createToken(log, 4);
    await until('the new token is there', () => codeOf(4) === 'OK');
  });

  it('finds what the running one has wrong, and puts it right', async () => {
    await host.stop();
    let broken = true;
    const wrong = (event: RecordedTollgateEvent) =>
      event.type === 'TokenCreated' ? { ...event, data: { ...event.data, product: 'other' } } : event;
    begin({
      logId: () => log.logId(),
      head: () => log.head(),
      read: async (after, limit) => (await log.read(after, limit)).map((event) => (broken ? wrong(event) : event)),
    });
    await leased();
    expect(codeOf(1)).toBe('TOKEN_INVALID');
    broken = false;
    const report = await host.rebuild();
    expect(report).toMatchObject({ identical: false, differences: [expect.stringMatching(/^tokens: /)] });
    expect(codeOf(1)).toBe('OK');
  });

  it('runs once for all who ask at the same time', async () => {
    const [first, second] = [host.rebuild(), host.rebuild()];
    expect(first).toBe(second);
    await first;
  });

  it('gives up when the log is replaced meanwhile, and the next one works', async () => {
    authority.source = await newLog(1);
    await expect(host.rebuild()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await until('the new log is there', () => codeOf(1) === 'OK' && codeOf(2) === 'TOKEN_INVALID');
    expect(await host.rebuild()).toMatchObject({ identical: true, position: 2 });
  });
});

describe('the comparison', () => {
  it('names the tables that differ, with both digests', async () => {
    const log = await newLog(2);
    const [live, rebuilt] = [new Replica(await log.logId()), new Replica(await log.logId())];
    await replay(log, live, () => 3);
    await replay(log, rebuilt, () => 3);
    for (const { id } of live.accounts) live.accounts.put(id, { id, kind: 'member', active: false });
    const report = await compareReplicas(live, rebuilt);
    expect(report).toMatchObject({ projection: 'credentials', identical: false, position: 3 });
    expect(report.differences).toEqual([
      'accounts: the running replica has 1 rows, the rebuilt one 1, with other contents',
    ]);
    const different = report.tables.filter(({ liveDigest, rebuiltDigest }) => liveDigest !== rebuiltDigest);
    expect(different).toMatchObject([{ name: 'accounts', rows: 1 }]);
  });
});

describe('a shutdown', () => {
  it('stops accepting and then gives the lease back', async () => {
    const returned = authority.returnLease.bind(authority);
    authority.returnLease = async () => {
      authority.steps.push(codeOf(1));
      return returned();
    };
    await host.stop();
    expect(authority.steps.slice(-2)).toEqual(['UNDECIDABLE', 'return']);
  });
});
