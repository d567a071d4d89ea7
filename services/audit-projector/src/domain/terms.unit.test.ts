import { describe, expect, it } from '@jest/globals';
import type { Entry } from './entry.ts';
import { termBlocksOf, termsOf } from './terms.ts';

const entry = {
  namespace: 'API Tokens',
  action: 'token.revoked',
  outcome: 'success',
  spaceId: null,
  actor: { type: 'account', id: 'acc_1' },
  targets: [
    { type: 'token', id: 'tok_1' },
    { type: 'account', id: 'acc_1' },
    { type: 'account', id: 'acc_1' },
  ],
} as unknown as Entry;

describe('the terms of an entry', () => {
  it('are all that it can be filtered by, and its words', () => {
    expect(termsOf(entry, ['token', 'revoked'])).toEqual(
      ['namespace:API Tokens', 'action:token.revoked', 'actor:acc_1', 'outcome:success'].concat(
        ['target:tok_1', 'target:acc_1'],
        ['word:token', 'word:revoked'],
      ),
    );
    expect(termsOf({ ...entry, spaceId: 'spc_1' }, [])).toContain('space:spc_1');
  });
});

describe('blocks of terms', () => {
  const at = (tree: string, index: number, ...terms: string[]) => ({ tree, index, terms });

  it('have a bit for each entry, by its index', () => {
    expect(termBlocksOf([at('org', 0, 'a', 'b'), at('org', 1, 'b'), at('org', 5, 'a')])).toEqual([
      { tree: 'org', term: 'a', block: 0, bits: 0b100001n },
      { tree: 'org', term: 'b', block: 0, bits: 0b11n },
    ]);
  });

  it('end after 64 entries, the last of which is the sign of a bigint', () => {
    expect(termBlocksOf([at('org', 62, 'a'), at('org', 63, 'a'), at('org', 64, 'a'), at('org', 129, 'a')])).toEqual([
      { tree: 'org', term: 'a', block: 0, bits: -(2n ** 62n) },
      { tree: 'org', term: 'a', block: 1, bits: 1n },
      { tree: 'org', term: 'a', block: 2, bits: 2n },
    ]);
    expect(termBlocksOf([at('org', 63, 'a')])).toEqual([{ tree: 'org', term: 'a', block: 0, bits: -(2n ** 63n) }]);
  });

  it('are apart for each tree', () => {
    expect(termBlocksOf([at('one', 3, 'a'), at('other', 2, 'a')])).toEqual([
      { tree: 'one', term: 'a', block: 0, bits: 8n },
      { tree: 'other', term: 'a', block: 0, bits: 4n },
    ]);
  });
});
