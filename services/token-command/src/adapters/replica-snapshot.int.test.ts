import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultProduct, type EventData, type EventType, type NewEvent } from '@tollgate/contracts';
import { digestSecret } from '@tollgate/credential';
import { InMemoryEventLog } from '@tollgate/event-log';
import { at, idOf, InMemoryBus, meta, org, startDatabase, type TestDatabase } from '@tollgate/event-log/testing';
import { ProjectionRunner } from '@tollgate/projection';
import { digestReplica, Replica, type SnapshotPage } from '@tollgate/verifier';
import { PostgresReplicaRows } from './postgres-replica-rows.ts';
import { replicaProjection } from './replica-projection.ts';

/** So many that they do not fit one page, nor two. */
const tokens = 6_000;
const account = idOf('acc', 1);
const team = idOf('tea', 1);

let db: TestDatabase;
let log: InMemoryEventLog;
let projection: ProjectionRunner;
let rows: PostgresReplicaRows;
const versions = new Map<string, number>();

async function append<T extends EventType>(stream: string, type: T, data: EventData<T>, orgId: string | null = org) {
  const expectedVersion = versions.get(stream) ?? 0;
  await log.append({ stream, expectedVersion, orgId, events: [{ type, data } as NewEvent], meta, at });
  versions.set(stream, expectedVersion + 1);
}

const createToken = (n: number, changes: Partial<EventData<'TokenCreated'>> = {}) =>
  append(`token-${idOf('tok', n)}`, 'TokenCreated', {
    tokenId: idOf('tok', n),
    name: `Token ${n}`,
    accountId: account,
    scope: { type: 'multi-space' },
    product: 'default',
    environment: 'live',
    teamId: null,
    expiresAt: null,
    digest: digestSecret(`secret ${n}`),
    hint: '',
    prefix: '',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
    ...changes,
  });

const regenerate = (n: number, times: number, overlapUntil: string | null) =>
  append(`token-${idOf('tok', n)}`, 'TokenRegenerated', {
    tokenId: idOf('tok', n),
    digest: digestSecret(`secret ${n}, ${times}`),
    previousDigest: digestSecret(times === 1 ? `secret ${n}` : `secret ${n}, ${times - 1}`),
    hint: '',
    prefix: '',
    reason: null,
    overlapUntil,
  });

const revoke = (n: number) =>
  append(`token-${idOf('tok', n)}`, 'TokenRevoked', { tokenId: idOf('tok', n), reason: null });

/** One of everything that a decision rests on, with words that would break a row if they were not encoded. */
async function openOrganization(): Promise<void> {
  await append('product-default', 'ProductRegistered', defaultProduct, null);
  await append(
    'product-odd',
    'ProductRegistered',
    { ...defaultProduct, key: 'odd', resources: [{ name: 'a; "b" ü', operations: [] }] },
    null,
  );
  await append('clock-development', 'ClockMoved', { now: at, offsetMs: 86_400_000 }, null);
  await append(`account-${account}`, 'AccountCreated', { accountId: account, kind: 'service', role: 'member' });
  await append(`account-${idOf('acc', 2)}`, 'AccountCreated', {
    accountId: idOf('acc', 2),
    kind: 'member',
    role: 'owner',
  });
  await append(`account-${idOf('acc', 2)}`, 'AccountDeactivated', { accountId: idOf('acc', 2) });
  for (const space of [1, 2]) {
    const ids = { spaceId: idOf('spc', space), accountId: account };
    const stream = `membership-${ids.spaceId}.${account}`;
    await append(stream, 'MembershipGranted', { ...ids, permissions: ['agents:*', 'chat:chat'], administers: false });
    if (space === 2) await append(stream, 'MembershipRemoved', ids);
  }
  await append(`team-${team}`, 'TeamCreated', { teamId: team, name: 'A team' });
  await append(`team-${team}`, 'TeamPolicySet', {
    teamId: team,
    policy: { allow: { tools: ['a*'] }, deny: { tools: [] } },
    previous: {},
  });
  await append(`team-${team}`, 'TeamProjectAdded', { teamId: team, projectId: idOf('prj', 1) });
}

beforeAll(async () => {
  db = await startDatabase();
  log = new InMemoryEventLog();
  await openOrganization();
  for (let n = 1; n <= tokens; n++) await createToken(n, n % 3 === 0 ? { teamId: team, expiresAt: at } : {});
  for (let n = 1; n <= 40; n++) await regenerate(n, 1, n % 2 === 0 ? '2027-01-01T00:00:00.000Z' : null);
  for (let n = 1; n <= 20; n++) await regenerate(n, 2, null);
  for (let n = 30; n <= 60; n++) await revoke(n);
  const pool = db.pool('token-command');
  rows = new PostgresReplicaRows(pool);
  projection = new ProjectionRunner({ pool, source: log, bus: new InMemoryBus(), definition: replicaProjection });
  await projection.start();
  await projection.catchUp(30_000);
}, 60_000);

afterAll(async () => {
  await projection?.stop();
  await db?.stop();
});

/** Loads all pages, with something done between them, and then the rest of the log. */
async function bootstrap(betweenPages: (page: number) => Promise<void> = async () => {}) {
  const replica = new Replica(await log.logId());
  const pages: SnapshotPage[] = [];
  let after: SnapshotPage['next'] = null;
  do {
    if (pages.length > 0) await betweenPages(pages.length);
    const page: SnapshotPage = await rows.page(after);
    replica.load(page);
    pages.push(page);
    after = page.next;
  } while (after !== null);
  for (const event of await log.read(replica.applied, Number.MAX_SAFE_INTEGER)) replica.apply(event);
  return { replica, pages };
}

async function replayed(): Promise<Replica> {
  const replica = new Replica(await log.logId());
  for (const event of await log.read(0, Number.MAX_SAFE_INTEGER)) replica.apply(event);
  return replica;
}

describe('a snapshot', () => {
  it('is what a replay gives, in pages that fit a message', async () => {
    const { replica, pages } = await bootstrap();
    expect(await digestReplica(replica)).toEqual(await digestReplica(await replayed()));
    expect(pages.length).toBeGreaterThan(2);
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(1_000_000);
    expect(pages.map(({ position }) => position)).toEqual(pages.map(() => projection.applied));
  });

  it('is right when the log goes on between its pages', async () => {
    const before = projection.applied;
    const { replica, pages } = await bootstrap(async (page) => {
      // On a page that was read, on one that was not, and on none.
      await revoke(100 * page);
      await regenerate(tokens - page, 1, null);
      await createToken(tokens + page);
      await regenerate(tokens + page, 1, '2027-01-01T00:00:00.000Z');
      await projection.catchUp(10_000);
    });
    expect(pages[0]!.position).toBe(before);
    expect(pages.at(-1)!.position).toBeGreaterThan(before);
    expect(await digestReplica(replica)).toEqual(await digestReplica(await replayed()));
  });

  it('of an empty log is one empty page', async () => {
    const other = await startDatabase();
    const pool = other.pool('token-command');
    const empty = new InMemoryEventLog();
    const runner = new ProjectionRunner({ pool, source: empty, bus: new InMemoryBus(), definition: replicaProjection });
    await runner.start();
    const page = await new PostgresReplicaRows(pool).page(null);
    expect(page).toEqual({ logId: await empty.logId(), position: 0, rows: '', next: null });
    await runner.stop();
    await other.stop();
  });
});

describe('the projection', () => {
  it('gives the same rows however events are cut into batches', async () => {
    expect(await projection.rebuild()).toMatchObject({ identical: true, differences: [] });
  });
});
