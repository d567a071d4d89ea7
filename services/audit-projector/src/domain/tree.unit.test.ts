import { describe, expect, it } from '@jest/globals';
import type { Entry } from './entry.ts';
import { place } from './tree.ts';

const entries = (...organizations: (string | null)[]) => organizations.map((orgId) => ({ orgId }) as Entry);
const placesOf = (placed: { tree: string; index: number }[]) => placed.map(({ tree, index }) => `${tree} ${index}`);

describe('a place in the audit log', () => {
  it('is counted from 0 without holes, for each organization and for the platform', () => {
    const { placed, sizes } = place(entries('a', null, 'b', 'a', null), new Map());
    expect(placesOf(placed)).toEqual(['a 0', '_ 0', 'b 0', 'a 1', '_ 1']);
    expect(sizes).toEqual(new Map(Object.entries({ a: 2, _: 2, b: 1 })));
  });

  it('goes on where the tree ended', () => {
    const { placed, sizes } = place(entries('a', 'b', 'a'), new Map([['a', 7]]));
    expect(placesOf(placed)).toEqual(['a 7', 'b 0', 'a 8']);
    expect(sizes).toEqual(new Map(Object.entries({ a: 9, b: 1 })));
  });
});
