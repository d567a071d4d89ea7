import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KnownCallers } from './known-callers.ts';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

describe('a caller', () => {
  it('is known until its JWT expires, and by the very same header', () => {
    const callers = new KnownCallers();
    callers.add('Bearer a', 1_060_000);
    expect([callers.has('Bearer a'), callers.has('bearer a'), callers.has('Bearer b')]).toEqual([true, false, false]);
    jest.setSystemTime(1_059_999);
    expect(callers.has('Bearer a')).toBe(true);
    jest.setSystemTime(1_060_000);
    expect(callers.has('Bearer a')).toBe(false);
  });

  it('makes room for another when there are too many', () => {
    const callers = new KnownCallers(2);
    for (const name of ['a', 'b', 'b', 'c']) callers.add(name, 2_000_000);
    expect(['a', 'b', 'c'].map((name) => callers.has(name))).toEqual([false, true, true]);
  });
});
