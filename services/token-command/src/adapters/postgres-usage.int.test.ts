import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '@tollgate/event-log';
import { idOf, org, startDatabase, type TestDatabase } from '@tollgate/event-log/testing';
import type { UsageReport } from '../application/usage/ports.ts';
import { openDatabase } from './database.ts';
import { PostgresUsage } from './postgres-usage.ts';

let db: TestDatabase;
let usage: PostgresUsage;

beforeAll(async () => {
  db = await startDatabase();
  await migrate(db.admin, {
    service: 'token-command',
    dir: fileURLToPath(new URL('../../migrations', import.meta.url)),
  });
  usage = new PostgresUsage(openDatabase(db.pool('token-command')));
});
afterAll(() => db?.stop());

const tok = idOf('tok', 1);
const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
const ms = (second: number) => Date.parse(at(second));
const report = (
  sequence: number,
  { tok: token = tok, calls = 1, last = ms(1), previous = null as number | null } = {},
  incarnation = 'one',
): UsageReport => ({
  incarnation,
  sequence,
  orgs: [org],
  tokens: [token],
  calls: [calls],
  lastUsedMs: [last],
  previousUsedMs: [previous],
});
async function rowOf(id = tok) {
  const { rows } = await db.admin.query(
    'SELECT calls, last_used_at, previous_used_at FROM tokens.usage WHERE org_id = $1 AND token_id = $2',
    [org, id],
  );
  return rows[0];
}

describe('usage reports', () => {
  it('count once, however often and in whatever order repetitions come', async () => {
    expect(await usage.add(report(1, { calls: 3 }))).toBe(true);
    expect(await usage.add(report(2, { calls: 4, last: ms(5), previous: ms(4) }))).toBe(true);
    expect(await usage.add(report(2, { calls: 4, last: ms(5) }))).toBe(false);
    expect(await usage.add(report(1, { calls: 3 }))).toBe(false);
    expect(await rowOf()).toEqual({ calls: 7, last_used_at: at(5), previous_used_at: at(4) });
  });

  it('of several processes add up, and the last use is the latest', async () => {
    expect(await usage.add(report(1, { last: ms(2) }, 'two'))).toBe(true);
    expect(await rowOf()).toEqual({ calls: 8, last_used_at: at(5), previous_used_at: at(4) });
  });

  it('count once when the repetition comes while the first is under way', async () => {
    const other = { tok: idOf('tok', 2), calls: 5 };
    const answers = await Promise.all(Array.from({ length: 8 }, () => usage.add(report(1, other, 'three'))));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await rowOf(other.tok)).toMatchObject({ calls: 5 });
  });

  it('count as a whole or not at all', async () => {
    const broken = report(1, {}, 'four');
    broken.orgs.push(org);
    broken.tokens.push(idOf('tok', 9));
    broken.calls.push(null as never);
    broken.lastUsedMs.push(ms(1));
    broken.previousUsedMs.push(null);
    const before = await rowOf();
    await expect(usage.add(broken)).rejects.toThrow();
    expect(await rowOf()).toEqual(before);
    expect(await usage.add(report(1, {}, 'four'))).toBe(true);
  });

  it('of many processes about the same tokens never wait for each other in a circle', async () => {
    const ids = Array.from({ length: 1000 }, (_, n) => idOf('tok', 100 + n));
    const from = (incarnation: string, order: string[]): UsageReport => ({
      incarnation,
      sequence: 1,
      orgs: order.map(() => org),
      tokens: order,
      calls: order.map(() => 1),
      lastUsedMs: order.map(() => ms(1)),
      previousUsedMs: order.map(() => null),
    });
    const all = Array.from({ length: 8 }, (_, n) => from(`many-${n}`, n % 2 ? ids : ids.toReversed()));
    expect(await Promise.all(all.map((each) => usage.add(each)))).toEqual(all.map(() => true));
    expect(await rowOf(ids[7])).toMatchObject({ calls: 8 });
  });
});
