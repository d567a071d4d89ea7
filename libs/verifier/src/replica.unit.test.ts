import { describe, expect, it } from '@jest/globals';
import type { Replica } from './replica.ts';
import { digestReplica } from './replica-digest.ts';
import { directory, happened, recorded, replicaOf, secretOf, tokenCreated } from './testing/scenario.ts';

describe('a replica', () => {
  it('applies each position once, and in order', () => {
    const replica = replicaOf(...directory);
    expect(replica.applied).toBe(directory.length);
    replica.apply(recorded([happened('AccountDeactivated', { accountId: 'acc_1' })])[0]!);
    expect(replica.accounts.get('acc_1')?.active).toBe(true);
    expect(() => replica.apply(recorded([tokenCreated(secretOf(1))], directory.length + 1)[0]!)).toThrow(
      /before those between/,
    );
    expect(replica.applied).toBe(directory.length);
  });

  it('stops at an event it does not know, which may take access away', () => {
    const replica = replicaOf(...directory);
    const event = { ...recorded([tokenCreated(secretOf(1))], directory.length)[0]!, type: 'TokenFrozen' };
    expect(() => replica.apply(event)).toThrow(/older than its log/);
    expect(replica.applied).toBe(directory.length);
  });

  it('keeps the offset of the development clock', () => {
    const moved = happened('ClockMoved', { now: '2027-01-01T00:00:00.000Z', offsetMs: 86_400_000 }, null);
    expect(replicaOf(moved).clockOffsetMs).toBe(86_400_000);
  });
});

describe('the digest of a replica', () => {
  const events = [
    ...directory,
    happened('TeamCreated', { teamId: 'tea_1', name: 'A team' }),
    tokenCreated(secretOf(1)),
    tokenCreated(secretOf(2), { tokenId: 'tok_2' }),
  ];
  const digests = async (replica: Replica) =>
    new Map((await digestReplica(replica)).map(({ name, digest }) => [name, digest]));

  it('is the same for the same contents, in whatever order they came', async () => {
    const reordered = [...events.slice(0, -2), events.at(-1)!, events.at(-2)!];
    expect(await digestReplica(replicaOf(...reordered))).toEqual(await digestReplica(replicaOf(...events)));
  });

  it('has one row for each thing', async () => {
    expect((await digestReplica(replicaOf(...events))).map(({ name, rows }) => [name, rows])).toEqual([
      ['credentials', 2],
      ['tokens', 2],
      ['accounts', 1],
      ['memberships', 2],
      ['teams', 1],
      ['products', 1],
      ['clock', 1],
    ]);
  });

  it.each<[string, (replica: Replica) => void]>([
    ['credentials', (replica) => replica.tokens.addSuperseded('00'.repeat(32), 'tok_1')],
    ['tokens', (replica) => replica.tokens.put('tok_1', { ...replica.tokens.get('tok_1')!, status: 'inactive' })],
    ['accounts', (replica) => replica.accounts.put('acc_1', { ...replica.accounts.get('acc_1')!, active: false })],
    ['memberships', (replica) => replica.memberships.put('acc_1.spc_1', null)],
    ['teams', (replica) => replica.teams.put('tea_1', { ...replica.teams.get('tea_1')!, projects: ['prj_2'] })],
    ['products', (replica) => replica.products.put('default', { key: 'default', resources: [] })],
    ['clock', (replica) => (replica.clockOffsetMs = 1)],
  ])('notices a difference in %s, and only there', async (name, change) => {
    const other = replicaOf(...events);
    change(other);
    const [left, right] = [await digests(replicaOf(...events)), await digests(other)];
    expect([...left.keys()].filter((table) => left.get(table) !== right.get(table))).toEqual([name]);
  });
});
