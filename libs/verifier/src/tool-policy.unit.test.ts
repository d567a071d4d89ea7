import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileGlobs, compilePolicy } from './tool-policy.ts';

describe('a glob', () => {
  it.each([
    ['search', 'search', true],
    ['search', 'searches', false],
    ['search', 'Search', false],
    ['*', '', true],
    ['*', 'anything/at:all', true],
    ['github.*', 'github.issues.list', true],
    ['github.*', 'github', false],
    ['*.delete', 'files.delete', true],
    ['*.delete', 'files.delete.now', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'acb', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab*', 'ab', false],
    ['*ab*ab*', 'xabyabz', true],
    ['*aab*', 'aaab', true],
    ['a**b', 'ab', true],
    ['files.read', 'filesXread', false],
  ])('%j and %j: %j', (glob, text, expected) => {
    expect(compileGlobs([glob])(text)).toBe(expected);
  });

  it('matches as the regular expression does that it stands for', () => {
    const short = (characters: string) =>
      fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(short('ab*'), short('ab'), (glob, text) => {
        const expected = new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text);
        expect(compileGlobs([glob])(text)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a time that grows with the lengths and not with their product', () => {
    const matches = compileGlobs([`*${'a'.repeat(5000)}b*`]);
    // A search that begins again at each place looks at a thousand million characters here.
    const text = 'a'.repeat(200_000);
    const started = performance.now();
    expect(matches(text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a policy', () => {
  const allows = (policy: Parameters<typeof compilePolicy>[0], tool: string) => compilePolicy(policy).allows(tool);

  it('allows all when it says nothing', () => {
    expect(allows({}, 'search')).toBe(true);
  });

  it('allows what an allow list names, and an empty one names nothing', () => {
    expect(allows({ allow: { tools: ['search', 'files.*'] } }, 'files.read')).toBe(true);
    expect(allows({ allow: { tools: ['search', 'files.*'] } }, 'mail.send')).toBe(false);
    expect(allows({ allow: { tools: [] } }, 'search')).toBe(false);
  });

  it('lets deny win', () => {
    expect(allows({ deny: { tools: ['*.delete'] } }, 'files.delete')).toBe(false);
    expect(allows({ deny: { tools: ['*.delete'] } }, 'files.read')).toBe(true);
    expect(allows({ allow: { tools: ['files.delete'] }, deny: { tools: ['files.*'] } }, 'files.delete')).toBe(false);
  });
});
