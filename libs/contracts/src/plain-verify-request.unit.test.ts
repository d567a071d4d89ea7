import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exampleIds } from './example.ts';
import { VerifyRequest } from './operations/verifier.ts';
import { isPlainVerifyRequest } from './plain-verify-request.ts';

const space = exampleIds.space;
/** Around what a field may hold: right, nearly right, and of another kind. */
const near = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'x',
    'live',
    'test',
    'LIVE',
    space,
    `${space} `,
    space.toUpperCase(),
    `${space}\n`,
    '12',
    'GET',
  ),
  fc.constantFrom('x'.repeat(2000), 'x'.repeat(2001), 'x'.repeat(4096), 'x'.repeat(4097), '\u{1f600}'.repeat(1000)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>(null, undefined, true, 1, 1.5, -1, [], {}, ['x']),
);
const names = [...Object.keys(VerifyRequest.shape), 'colour', 'Token', 'constructor', 'toString', ''];
const request = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...names), near, { noNullPrototype: true, maxKeys: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

describe('a plain request', () => {
  it('is one that the schema accepts and gives back as it is', () => {
    let plain = 0;
    fc.assert(
      fc.property(request, (value) => {
        const parsed = VerifyRequest.safeParse(value);
        if (!isPlainVerifyRequest(value)) return;
        plain += 1;
        expect(parsed.error).toBeUndefined();
        expect(parsed.data).toStrictEqual(value);
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['a token', { token: 'x' }],
    ['an operation in a space', { token: 'x', space, resource: 'agents', operation: 'list' }],
    ['a route', { token: 'x', method: 'GET', path: '/api/agent-base' }],
    ['the rest of the texts', { token: 'x', project: 'p', tool: 't', product: 'default', environment: 'test' }],
  ])('asks for %s', (_what, value) => {
    expect(isPlainVerifyRequest(value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['waits for a position', { token: 'x', atLeast: 1 }],
    ['reads the primary', { token: 'x', strict: true }],
    ['costs something', { token: 'x', costMicros: '1' }],
    ['has a field that is not known', { token: 'x', colour: 'red' }],
    ['has a field that every object inherits', JSON.parse('{"token":"x","__proto__":"y"}')],
  ])('never %s', (_what, value) => {
    expect(isPlainVerifyRequest(value)).toBe(false);
  });
});
