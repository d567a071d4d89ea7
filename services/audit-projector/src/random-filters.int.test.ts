import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  auditExport,
  auditList,
  eventTypes,
  type AuditEntry,
  type RequestOf,
  type TollgateEvent,
} from '@tollgate/contracts';
import type { Stage } from '@tollgate/runtime/testing';
import type { Entry } from './domain/entry.ts';
import { wantedWords, wordsOf } from './domain/words.ts';
import { auditProjector } from './service.ts';
import { ada, fill, nextId, owner, startAuditStage } from './testing/organizations.ts';

type Filter = Omit<RequestOf<typeof auditList>, 'org' | 'limit' | 'cursor' | 'atLeast'>;

const filters = 500;
const entries = 400;
const seed = Number(process.env['TOLLGATE_TEST_SEED'] ?? Date.now() % 2 ** 31);
/** The ids of a hundred tokens begin so. */
const manyTokens = `${'0'.repeat(23)}1*`;
const january = Date.parse('2026-01-01T00:00:00.000Z');

let stage: Stage;
let org: string;
let spaceIds: string[];
let accountIds: string[];

/** The same numbers for the same seed: mulberry32. */
function numbers(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const next = numbers(seed);
const oneOf = <T>(values: readonly T[]): T => values[next(values.length)] as T;
const instant = () => new Date(january + next(entries) * 60_000).toISOString();

beforeAll(async () => {
  stage = await startAuditStage();
  await stage.run(auditProjector);
  org = (await fill(stage, 1)).org;
  spaceIds = Array.from({ length: 5 }, () => nextId('spc'));
  accountIds = Array.from({ length: 5 }, () => nextId('acc'));
  let position = 0;
  for (let at = 1; at < entries; at++) {
    const [spaceId, accountId] = [oneOf(spaceIds), oneOf(accountIds)];
    const event = oneOf<TollgateEvent>([
      { type: 'SpaceCreated', data: { spaceId, name: `Room ${next(7)} of green walls` } },
      { type: 'MembershipRemoved', data: { spaceId, accountId } },
      { type: 'AccountDeactivated', data: { accountId } },
      { type: 'PlanChanged', data: { plan: 'pro', previous: 'core' } },
      {
        type: 'AttemptsRefused',
        data: { tokenId: nextId('tok'), reason: 'revoked', minute: new Date(january).toISOString(), count: at },
      },
    ]);
    position = await stage.log.append({
      orgId: org,
      stream: `${eventTypes[event.type].category}-${at}`,
      at: new Date(january + at * 60_000).toISOString(),
      events: [event],
      actor: { type: 'account', id: oneOf([ada, ...accountIds]) },
      requestId: 'req_1',
    });
  }
  await stage.call(auditList, { org, atLeast: position }, owner);
}, 60_000);
afterAll(() => stage.stop());

/** One to three fields, each of which finds something more often than not. */
function filter(): Filter {
  const fields: (() => Filter)[] = [
    () => ({ namespace: oneOf(['Directory', 'Billing', 'Security', 'API Tokens'] as const) }),
    () => ({ action: oneOf(['space.', 'space.created', 'membership.', 'a', 'plan.changed', 'nothing.']) }),
    () => ({ actor: oneOf([ada, ...accountIds]) }),
    () => ({ target: oneOf([...spaceIds, ...accountIds, org]) }),
    () => ({ spaceId: oneOf(spaceIds) }),
    () => ({ outcome: oneOf(['success', 'refused'] as const) }),
    () => ({ from: instant() }),
    () => ({ to: instant() }),
    () => ({
      q: oneOf(['room', 'gre*', 'room 3', 'walls green', 'revoked', 'absent', '0*', 'a* 0*', '...', manyTokens]),
    }),
  ];
  return Object.assign({}, ...Array.from({ length: 1 + next(3) }, () => oneOf(fields)())) as Filter;
}

async function paged(wanted: Filter, limit = 200): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await stage.call(auditList, { org, ...wanted, limit, cursor }, owner);
    found.push(...page.items);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

async function exported(wanted: Filter): Promise<AuditEntry[]> {
  let text = '';
  for (let cursor: string | undefined; ;) {
    const page = await stage.call(auditExport, { org, ...wanted, cursor }, owner);
    text += page.body;
    if (page.next === null) break;
    cursor = page.next;
  }
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => {
    const { proof: _proof, ...entry } = JSON.parse(line) as AuditEntry & { proof: object };
    return entry;
  });
}

/** The words of each entry, oldest first, with the names that spaces and the organization had then. */
function wordsOfAll(oldestFirst: readonly AuditEntry[]): Map<string, string[]> {
  const names = new Map<string, string>();
  return new Map(
    oldestFirst.map((entry) => {
      const [target] = entry.targets;
      const name = entry.after?.['name'];
      if (target && typeof name === 'string') names.set(target.id, name);
      const known = entry.targets.flatMap(({ id }) => names.get(id) ?? []);
      return [entry.id, wordsOf(entry as unknown as Entry, known)];
    }),
  );
}

/** What a filter means, said of one entry and its words. */
function matches(entry: AuditEntry, words: readonly string[], filter: Filter): boolean {
  const { namespace, action, actor, target, spaceId, outcome, from, to, q } = filter;
  const wanted = q === undefined ? [] : wantedWords(q);
  return (
    (namespace === undefined || entry.namespace === namespace) &&
    (action === undefined || entry.action.startsWith(action)) &&
    (actor === undefined || entry.actor.id === actor) &&
    (target === undefined || entry.targets.some(({ id }) => id === target)) &&
    (spaceId === undefined || entry.spaceId === spaceId) &&
    (outcome === undefined || entry.outcome === outcome) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at < to) &&
    (q === undefined || wanted.length > 0) &&
    wanted.every(({ text, beginning }) => words.some((word) => (beginning ? word.startsWith(text) : word === text)))
  );
}

it(`gives the entries that match, in pages and exported, for ${filters} random filters (seed ${seed})`, async () => {
  let some = 0;
  const all = await paged({});
  const words = wordsOfAll(all.toReversed());
  for (let round = 0; round < filters; round++) {
    const wanted = filter();
    const expected = all.filter((entry) => matches(entry, words.get(entry.id)!, wanted));
    const pages = await paged(wanted, 1 + next(expected.length < 20 ? 2 : 200));
    const lines = await exported(wanted);
    expect([wanted, pages]).toEqual([wanted, expected]);
    expect([wanted, lines]).toEqual([wanted, pages.toReversed()]);
    expect(new Set(pages.map(({ id }) => id)).size).toBe(pages.length);
    if (pages.length > 0) some++;
  }
  expect(some).toBeGreaterThan(filters / 4);
}, 120_000);
