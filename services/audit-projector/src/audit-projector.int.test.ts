import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  auditList,
  auditReportReads,
  defaultProduct,
  personalLookup,
  principalsResolve,
  rebuildAudit,
  TollgateError,
  type EventData,
  type OutputOf,
  type RequestOf,
  type Role,
  type TollgateEvent,
} from '@tollgate/contracts';
import { migrate } from '@tollgate/event-log';
import type { RunningService } from '@tollgate/runtime';
import { lockedBefore, startStage, whileHeld, type Stage } from '@tollgate/runtime/testing';
import { auditTables } from './adapters/audit-tables.ts';
import { auditProjector } from './service.ts';

type Page = OutputOf<typeof auditList>;
type Filter = Omit<RequestOf<typeof auditList>, 'org'>;

const ada = 'acc_01jd0000000000000000000000';
const bot = 'acc_01jd0000000000000000000001';
const space = 'spc_01jd0000000000000000000000';
const january = '2026-01-01T00:00:00.000Z';
const digest = 'd1'.repeat(32);
const operator = { sub: 'operator', scope: 'platform:operate' };

const people = { [ada]: { name: 'Ada Lovelace' } };
const requests = { req_1: { ip: '192.0.2.7', userAgent: 'curl/8' } };
const only = <T>(all: Record<string, T>, ids: string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([id]) => ids.includes(id)));

let stage: Stage;
let service: RunningService;
let personalDataAnswers = true;
let organizations = 0;
let tokens = 0;

beforeAll(async () => {
  stage = await startStage();
  await migrate(stage.db.admin, { service: 'audit-projector', dir: join(import.meta.dirname, '../migrations') });
  const account = { id: ada, kind: 'member', active: true, administersSpace: false } as const;
  await stage.standIn(principalsResolve, ({ subject }) => {
    const role: Role = subject === ada ? 'owner' : 'member';
    return { account: { ...account, role } };
  });
  await stage.standIn(personalLookup, ({ accountIds, requestIds }) => {
    if (!personalDataAnswers) throw new TollgateError('SERVICE_UNAVAILABLE', 'Try again shortly.');
    return { accounts: only(people, accountIds), requests: only(requests, requestIds) };
  });
  await stage.standIn(auditReportReads, ({ reads }) => ({ recorded: reads.length }));
  await stage.log.append({
    orgId: null,
    stream: 'product-default',
    at: january,
    events: [{ type: 'ProductRegistered', data: defaultProduct }],
  });
  await stage.log.startRelay();
  service = await stage.run(auditProjector);
});

afterAll(() => stage.stop());

async function organization(): Promise<{ org: string; position: number }> {
  const org = `org_${String(++organizations).padStart(26, '0')}`;
  const data: EventData<'OrganizationRegistered'> = {
    name: 'Acme',
    plan: 'pro',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing: { anchor: january, interval: 'P1M', policy: 'second.v1' },
    mcpUrl: null,
  };
  return { org, position: await append(org, `organization-${org}`, { type: 'OrganizationRegistered', data }) };
}

function append(orgId: string, stream: string, event: TollgateEvent, at = january): Promise<number> {
  const actor = { type: 'account', id: ada } as const;
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  return stage.log.append({ orgId, stream, at, events: [event], actor, requestId: 'req_1', traceparent });
}

async function token(org: string, at = january) {
  const tokenId = `tok_${String(++tokens).padStart(26, '0')}`;
  const data: EventData<'TokenCreated'> = {
    tokenId,
    name: 'First name',
    accountId: bot,
    scope: { type: 'single-space', spaceId: space },
    product: 'default',
    environment: 'live',
    teamId: null,
    expiresAt: null,
    digest,
    hint: 'sk_live_...9f3c',
    prefix: 'sk_live_',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
  };
  return { tokenId, position: await append(org, `token-${tokenId}`, { type: 'TokenCreated', data }, at) };
}

const change = (org: string, event: TollgateEvent & { data: { tokenId: string } }, at = january): Promise<number> =>
  append(org, `token-${event.data.tokenId}`, event, at);

const list = (org: string, filter: Filter = {}): Promise<Page> =>
  stage.call(auditList, { org, ...filter }, { sub: ada });
const actionsOf = ({ items }: Page): string[] => items.map(({ action }) => action);

describe('audit.list', () => {
  it('has one entry per event of the organization, newest first, with names, IP and user agent joined', async () => {
    const { org } = await organization();
    const { tokenId, position } = await token(org);
    // What follows is applied later than the creation, so it rests on what the tables hold.
    const { items } = await list(org, { atLeast: position });
    expect(items[0]?.targets[0]).toEqual({ type: 'token', id: tokenId, name: 'First name' });
    await change(org, { type: 'TokenRenamed', data: { tokenId, name: 'Second name', previous: 'First name' } });
    const atLeast = await change(org, { type: 'TokenRevoked', data: { tokenId, reason: 'not needed' } });
    const page = await list(org, { atLeast });
    expect(actionsOf(page)).toEqual(['token.revoked', 'token.renamed', 'token.created', 'organization.registered']);
    expect(page.items.map(({ index }) => index)).toEqual([3, 2, 1, 0]);
    expect(page.nextCursor).toBeNull();
    expect(page.items[0]).toEqual({
      id: expect.stringMatching(/^aud_[0-9a-f]{32}$/),
      position: atLeast,
      index: 3,
      version: 1,
      at: expect.stringMatching(/Z$/),
      orgId: org,
      spaceId: space,
      namespace: 'API Tokens',
      action: 'token.revoked',
      actor: { type: 'account', id: ada, name: 'Ada Lovelace' },
      targets: [{ type: 'token', id: tokenId, name: 'Second name' }],
      outcome: 'success',
      reason: 'not needed',
      before: null,
      after: { status: 'revoked' },
      context: {
        requestId: 'req_1',
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        ip: '192.0.2.7',
        userAgent: 'curl/8',
        commitment: null,
      },
    });
    expect(page.items[2]?.targets).toEqual([
      { type: 'token', id: tokenId, name: 'Second name' },
      { type: 'account', id: bot, name: 'erased' },
    ]);
    expect(page.items[3]?.targets).toEqual([{ type: 'organization', id: org, name: 'Acme' }]);
    expect(JSON.stringify(page)).not.toContain(digest);
  });

  it('keeps the organizations and the platform apart, each counted from 0', async () => {
    const [one, other] = [await organization(), await organization()];
    await token(one.org);
    await token(other.org);
    await stage.log.append({
      orgId: null,
      stream: 'product-default',
      at: january,
      events: [{ type: 'SeatPriceSet', data: price }],
    });
    const { position: atLeast } = await token(one.org);
    const pages = [await list(one.org, { atLeast }), await list(other.org)];
    expect(pages.map((page) => page.items.map(({ index }) => index))).toEqual([
      [2, 1, 0],
      [1, 0],
    ]);
    expect(pages.flatMap(actionsOf)).not.toContain('seat_price.set');
    const { rows } = await stage.db.admin.query<{ count: number }>(
      `SELECT count(*) AS count FROM audit.entries WHERE org_id = '_' AND action = 'seat_price.set'`,
    );
    expect(rows[0]?.count).toBe(1);
  });

  const price: EventData<'SeatPriceSet'> = {
    product: 'default',
    plan: 'pro',
    scope: 'multi-space',
    amount: '2900',
    currency: null,
    effectiveFrom: january,
  };

  it('has exactly one entry per event whatever order and repetition the bus delivers them in', async () => {
    await stage.log.stopRelay();
    const { org, position: first } = await organization();
    const { tokenId, position: second } = await token(org);
    const third = await change(org, { type: 'TokenDeactivated', data: { tokenId, reason: null } });
    const fourth = await change(org, { type: 'TokenActivated', data: { tokenId, reason: null } });
    await stage.log.publish([fourth, third, third, first, first - 1, fourth, second, second, first, third, fourth]);
    const { items } = await list(org, { atLeast: fourth });
    expect(items.map(({ index, position }) => [index, position])).toEqual([
      [3, fourth],
      [2, third],
      [1, second],
      [0, first],
    ]);
    await stage.log.startRelay();
  });

  it('pages without gap or repetition while others write', async () => {
    const { org } = await organization();
    let atLeast = 0;
    for (let count = 0; count < 6; count++) ({ position: atLeast } = await token(org));
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(org, { limit: 2, cursor, atLeast });
      seen.push(...page.items.map(({ index }) => index));
      cursor = page.nextCursor ?? undefined;
      ({ position: atLeast } = await token(org));
    } while (cursor !== undefined);
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  it('refuses a cursor of another organization and one that was edited', async () => {
    const [one, other] = [await organization(), await organization()];
    const { position: atLeast } = await token(one.org);
    const { nextCursor } = await list(one.org, { limit: 1, atLeast });
    const cursor = nextCursor as string;
    await expect(list(other.org, { cursor })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    await expect(list(one.org, { cursor: `A${cursor.slice(1)}` })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    expect(actionsOf(await list(one.org, { cursor }))).toEqual(['organization.registered']);
  });

  it('is for owners, admins and auditors, not for members', async () => {
    const { org, position: atLeast } = await organization();
    const member = { sub: 'acc_0000000000000000000000000z' };
    await expect(stage.call(auditList, { org }, member)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const auditor = { sub: 'siem', scope: 'audit:read' };
    expect((await stage.call(auditList, { org, atLeast }, auditor)).items).toHaveLength(1);
  });

  it('fails when names cannot be had, because no name means an erased person', async () => {
    const { org, position: atLeast } = await organization();
    personalDataAnswers = false;
    await expect(list(org, { atLeast })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    personalDataAnswers = true;
    expect((await list(org)).items).toHaveLength(1);
  });

  it('waits for a position, and says so when it is not reached', async () => {
    const { org, position } = await organization();
    await expect(list(org, { atLeast: position + 1_000 })).rejects.toMatchObject({ code: 'READ_MODEL_BEHIND' });
  });
});

describe('the filters of audit.list', () => {
  let org: string;
  let created: { tokenId: string; position: number };
  let spacePosition: number;

  beforeAll(async () => {
    ({ org } = await organization());
    created = await token(org, '2026-02-01T00:00:00.000Z');
    const { tokenId } = created;
    const march = '2026-03-01T00:00:00.000Z';
    await change(org, { type: 'TokenRevoked', data: { tokenId, reason: null } }, march);
    await append(org, `organization-${org}`, { type: 'PlanChanged', data: { plan: 'core', previous: 'pro' } }, march);
    const data = { spaceId: 'spc_01jd0000000000000000000009', name: 'Sales' };
    spacePosition = await stage.log.append({
      orgId: org,
      stream: `space-${data.spaceId}`,
      at: '2026-04-01T00:00:00.000Z',
      events: [{ type: 'SpaceCreated', data }],
    });
  });

  const everything = ['space.created', 'plan.changed', 'token.revoked', 'token.created', 'organization.registered'];

  it.each<[string, () => Filter, string[]]>([
    ['nothing', () => ({}), everything],
    ['a namespace', () => ({ namespace: 'API Tokens' }), ['token.revoked', 'token.created']],
    ['another namespace', () => ({ namespace: 'Billing' }), ['plan.changed']],
    ['a namespace without entries', () => ({ namespace: 'Security' }), []],
    ['a whole action', () => ({ action: 'token.created' }), ['token.created']],
    ['the beginning of actions', () => ({ action: 'token.' }), ['token.revoked', 'token.created']],
    ['an action with a wildcard, which is a character here', () => ({ action: 't%' }), []],
    ['an action with a placeholder, which is a character here', () => ({ action: 'token_' }), []],
    ['an actor', () => ({ actor: ada }), everything.slice(1)],
    ['another actor', () => ({ actor: 'operator' }), ['space.created']],
    ['a target', () => ({ target: created.tokenId }), ['token.revoked', 'token.created']],
    ['a second target', () => ({ target: bot }), ['token.created']],
    ['an outcome', () => ({ outcome: 'success' }), everything],
    ['another outcome', () => ({ outcome: 'refused' }), []],
    ['a time from which', () => ({ from: '2026-03-01T00:00:00Z' }), everything.slice(0, 3)],
    ['a time that lies after all', () => ({ from: '2027-01-01T00:00:00Z' }), []],
    ['a time up to which, itself excluded', () => ({ to: '2026-03-01T00:00:00Z' }), everything.slice(3)],
    ['times around all', () => ({ from: '2020-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' }), everything],
    ['a space', () => ({ spaceId: space }), ['token.revoked', 'token.created']],
    ['a word of what changed', () => ({ q: 'Sales' }), ['space.created']],
    ['the name of a target at that time', () => ({ q: 'FIRST' }), ['token.revoked', 'token.created']],
    ['two words, in any order', () => ({ q: 'name revoked' }), ['token.revoked']],
    ['the beginning of a word', () => ({ q: 'fir*' }), ['token.revoked', 'token.created']],
    ['the beginning of a word without saying so', () => ({ q: 'fir' }), []],
    ['a word that is not there', () => ({ q: 'first second' }), []],
    ['the name of a person, which is not searched', () => ({ q: 'Lovelace' }), []],
    ['signs alone', () => ({ q: '%' }), []],
    ['several at once', () => ({ namespace: 'API Tokens', actor: ada, to: '2026-02-15T00:00:00Z' }), ['token.created']],
  ])('find by %s', async (_, filter, expected) => {
    expect(actionsOf(await list(org, { ...filter(), atLeast: spacePosition }))).toEqual(expected);
  });

  it('go on through the pages', async () => {
    const page = await list(org, { action: 'token.', limit: 1, atLeast: spacePosition });
    expect(actionsOf(page)).toEqual(['token.revoked']);
    const next = await list(org, { action: 'token.', limit: 1, cursor: page.nextCursor as string });
    expect(actionsOf(next)).toEqual(['token.created']);
    expect(next.nextCursor).toBeNull();
  });
});

describe('projections.rebuild-audit', () => {
  it('gives the same tables and reads on', async () => {
    const { org } = await organization();
    const { position, tokenId } = await token(org);
    const before = await list(org, { atLeast: position });
    const report = await stage.call(rebuildAudit, {}, operator);
    expect(report).toMatchObject({ projection: 'audit', identical: true, differences: [] });
    expect(report.tables.map(({ name }) => name).sort()).toEqual(Object.keys(auditTables).sort());
    expect(await list(org)).toEqual(before);
    const atLeast = await change(org, { type: 'TokenRevoked', data: { tokenId, reason: null } });
    expect(actionsOf(await list(org, { atLeast }))[0]).toBe('token.revoked');
  });

  it('is not noticed by those who read meanwhile', async () => {
    const { org, position } = await organization();
    const before = await list(org, { atLeast: position });
    let rebuilding = true;
    const rebuilds = (async () => {
      for (let count = 0; count < 3; count++) await stage.call(rebuildAudit, {}, operator);
    })().finally(() => (rebuilding = false));
    while (rebuilding) {
      for (const page of await Promise.all([list(org), list(org), list(org)])) expect(page).toEqual(before);
    }
    await rebuilds;
  });

  it('and a reader never wait for each other: both lock the views in the order of the tables', async () => {
    const { org, position } = await organization();
    await list(org, { atLeast: position });
    // These are read by statements of their own.
    const others = ['retention', 'hashes', 'trees'];
    const views = Object.keys(auditTables).filter((name) => !others.includes(name));
    // The feed reads entries too; it leaves them alone while another process seems to publish.
    const publisher = await stage.db.admin.connect();
    await publisher.query('BEGIN; SELECT FROM audit.published FOR UPDATE');
    for (const [index, view] of views.entries()) {
      const before = await lockedBefore(stage.db.admin, `audit.${view}`, () => list(org, { target: org, q: 'acme' }));
      expect(before).toEqual(views.slice(0, index).sort());
    }
    await publisher.query('ROLLBACK');
    publisher.release();
  });

  it('finds an entry that was changed by hand, and repairs it', async () => {
    const { org, position } = await organization();
    await list(org, { atLeast: position });
    await stage.db.admin.query(`UPDATE audit.entries SET actor_id = 'nobody' WHERE position = $1`, [position]);
    expect((await list(org)).items[0]?.actor.id).toBe('nobody');
    const report = await stage.call(rebuildAudit, {}, operator);
    expect(report.identical).toBe(false);
    expect(report.differences.join()).toContain('entries');
    expect((await list(org)).items[0]?.actor.id).toBe(ada);
  });
});

describe('readiness', () => {
  it('warns while the projection is more than 5 s behind, and serves on', async () => {
    const { held, afterMs, ready } = await whileHeld(stage.db.admin, 'audit.audit', service.url, organization);
    expect(held).toEqual([expect.stringMatching(/^projection audit: 1 events wait, for 5 s$/)]);
    expect(afterMs).toBeGreaterThan(5_000);
    expect(ready).toBe(true);
  });
});
