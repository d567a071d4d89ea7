import { describe, expect, it } from '@jest/globals';
import type { Entry } from './entry.ts';
import { wantedWords, wordsOf } from './words.ts';

const entry = {
  namespace: 'API Tokens',
  action: 'token.renamed',
  reason: 'Wartung, n\u00f6tig!',
  actor: { type: 'account', id: 'acc_01jd' },
  targets: [{ type: 'token', id: 'tok_01je' }],
  before: { name: 'Old Claude' },
  after: { name: 'My \ufb01ne CLAUDE', scope: { type: 'single-space', tools: ['a-b'] }, count: 7, none: null },
} as unknown as Entry;

describe('the words of an entry', () => {
  it('are those of its action, reason, ids and changes, each once, in one spelling', () => {
    expect(wordsOf(entry, ['Marketing'])).toEqual(
      [
        'token',
        'renamed',
        'api',
        'tokens',
        'wartung',
        'n\u00f6tig',
        'acc',
        '01jd',
        'tok',
        '01je',
        'marketing',
        'old',
        'claude',
        'my',
      ].concat(['fine', 'single', 'space', 'a', 'b']),
    );
  });

  it('are bounded in length and number', () => {
    const long = wordsOf(
      { ...entry, reason: 'x'.repeat(500) },
      Array.from({ length: 500 }, (_, n) => `w${n}`),
    );
    expect(long.length).toBe(200);
    expect(long).toContain('x'.repeat(64));
  });
});

describe('the words of a query', () => {
  it.each([
    [
      'Claude  revoked',
      [
        ['claude', false],
        ['revoked', false],
      ],
    ],
    ['cla*', [['cla', true]]],
    [
      'tok_01j*',
      [
        ['tok', false],
        ['01j', true],
      ],
    ],
    ['!?', []],
  ])('of %j', (query, expected) => {
    expect(wantedWords(query).map(({ text, beginning }) => [text, beginning])).toEqual(expected);
  });
});
