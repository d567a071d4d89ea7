import { describe, expect, it } from '@jest/globals';
import { Frontier, recordHash, rootOf } from '@tollgate/proof';
import type { Entry } from './entry.ts';
import { originOf, place, recordOf } from './tree.ts';

const entry = (orgId: string | null): Entry => ({
  id: 'aud_1',
  version: 1,
  position: 1,
  at: '2026-01-01T00:00:00.000Z',
  orgId,
  spaceId: null,
  namespace: 'Directory',
  action: 'space.created',
  actor: { type: 'account', id: 'acc_1' },
  targets: [],
  outcome: 'success',
  reason: null,
  before: null,
  after: null,
  requestId: 'req_1',
  traceId: null,
  commitment: 'Zm9v',
});
const entries = (...organizations: (string | null)[]) => organizations.map(entry);
const placesOf = (placed: { tree: string; index: number }[]) => placed.map(({ tree, index }) => `${tree} ${index}`);
const sizesOf = (trees: Map<string, Frontier>) =>
  Object.fromEntries([...trees].map(([tree, { size }]) => [tree, size]));

describe('a place in the audit log', () => {
  it('is counted from 0 without holes, for each organization and for the platform', () => {
    const trees = new Map<string, Frontier>();
    expect(placesOf(place(entries('a', null, 'b', 'a', null), trees))).toEqual(['a 0', '_ 0', 'b 0', 'a 1', '_ 1']);
    expect(sizesOf(trees)).toEqual({ a: 2, _: 2, b: 1 });
  });

  it('goes on where the tree ended', () => {
    const trees = new Map<string, Frontier>();
    place(entries('a', 'a', 'a'), trees);
    expect(placesOf(place(entries('a', 'b', 'a'), trees))).toEqual(['a 3', 'b 0', 'a 4']);
    expect(sizesOf(trees)).toEqual({ a: 5, b: 1 });
  });

  it('is a leaf over the record, and what the leaf completes', () => {
    const trees = new Map<string, Frontier>();
    const placed = place(entries('a', 'a', 'a', 'a'), trees);
    const leaves = placed.map((one) => recordHash(recordOf(one, one.index)));
    expect(placed.map(({ hashes }) => hashes.length)).toEqual([1, 2, 1, 3]);
    expect(placed.map(({ hashes }) => hashes[0])).toEqual(leaves);
    expect([trees.get('a')?.root(), placed[3]?.hashes[2]]).toEqual([rootOf(leaves), rootOf(leaves)]);
  });

  it('names its tree in every checkpoint', () => {
    expect(originOf('org_1')).toBe('tollgate-audit/org_1');
  });
});

describe('a record', () => {
  it('has what is proven and nothing else, whichever fields an event leaves out', () => {
    const given = { ...entry('a'), after: { name: 'x', mcpUrl: undefined } };
    expect(recordHash(recordOf(given, 3))).toEqual(recordHash(recordOf({ ...given, after: { name: 'x' } }, 3)));
    expect(recordOf(given, 3)).toMatchObject({
      index: 3,
      context: { requestId: 'req_1', traceId: null, commitment: 'Zm9v' },
    });
  });
});
