import { describe, expect, it } from '@jest/globals';
import { headerValues, parseIdempotencyKey, parseIfMatch } from './call-headers.ts';

describe('If-Match', () => {
  it.each([
    ['"3"', 3],
    ['W/"3"', 3],
    ['3', 3],
    [' "12" ', 12],
    ['*', null],
    [null, null],
  ])('%p is version %p', (value, version) => expect(parseIfMatch(value)).toBe(version));

  it.each(['', '""', '"3', '3"', '"3", "4"', '-1', '3.0', 'abc', '"1e3"', '9'.repeat(20)])('%p is refused', (value) => {
    expect(() => parseIfMatch(value)).toThrow('headers.If-Match');
  });
});

describe('Idempotency-Key', () => {
  it.each(['a', '~!"', 'x'.repeat(200), null])('%p is taken', (value) =>
    expect(parseIdempotencyKey(value)).toBe(value),
  );

  it.each(['', 'a b', 'é', 'a\u007f', 'x'.repeat(201)])('%p is refused', (value) => {
    expect(() => parseIdempotencyKey(value)).toThrow('headers.Idempotency-Key');
  });
});

it('takes the first of headers that differ in case only', () => {
  expect(
    headerValues([
      ['Authorization', ['one']],
      ['authorization', ['two']],
      ['X', ['a', 'b']],
    ]),
  ).toEqual({ authorization: 'one', x: 'a' });
});
