import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { LagWatch } from './lag-watch.ts';

describe('a lag watch', () => {
  const state = { applied: 0, lag: 0, nowMs: 0 };
  const watch = new LagWatch(state, () => state.nowMs);
  const at = (nowMs: number, applied: number, head: number) => {
    Object.assign(state, { nowMs, applied, lag: head - applied });
    return watch.behindMs();
  };

  it('is quiet while nothing waits, and counts from the moment that something does', () => {
    expect(at(0, 10, 10)).toBe(0);
    expect(at(1_000, 10, 12)).toBe(0);
    expect(at(2_500, 10, 12)).toBe(1_500);
    expect(at(3_000, 11, 15)).toBe(2_000);
  });

  it('counts anew once what waited is applied, also while more has come', () => {
    expect(at(4_000, 12, 20)).toBe(0);
    expect(at(4_500, 19, 30)).toBe(500);
    expect(at(5_000, 25, 40)).toBe(0);
  });

  it('is quiet again when everything is applied', () => {
    expect(at(9_000, 40, 40)).toBe(0);
    expect(at(9_900, 40, 41)).toBe(0);
    expect(at(10_000, 40, 41)).toBe(100);
  });
});

describe('the warning of a lag watch', () => {
  afterEach(() => void jest.useRealTimers());

  it('comes once events have waited for more than 5 s, also when nobody has asked meanwhile', () => {
    jest.useFakeTimers();
    const state = { applied: 10, lag: 0 };
    const watch = new LagWatch(state);
    watch.start();
    jest.advanceTimersByTime(1_000);
    state.lag = 3;
    jest.advanceTimersByTime(5_000);
    expect(watch.warning()).toBeNull();
    jest.advanceTimersByTime(1_000);
    expect(watch.warning()).toBe('3 events wait, for 5 s');
    Object.assign(state, { applied: 13, lag: 0 });
    expect(watch.warning()).toBeNull();
    watch.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});
