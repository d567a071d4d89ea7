import { describe, expect, it } from '@jest/globals';
import { AuthorityClock } from './authority-clock.ts';
import { Lease } from './lease.ts';

const leaseMs = 2000;

describe('a lease', () => {
  it('is none before the first grant', () => {
    expect(new Lease().check(0, 100)).toEqual({ ok: false, remainingMs: 0, reason: 'no-lease' });
  });

  it('ends leaseMs after the request left, however late the reply came', () => {
    const lease = new Lease();
    // Asked at 1000, and the reply arrived at 2900: 100 ms are left, not 2000.
    lease.granted(1000, { leaseMs, head: 5 });
    expect(lease.check(2900, 5)).toEqual({ ok: true, remainingMs: 100 });
    expect(lease.check(2999, 5)).toEqual({ ok: true, remainingMs: 1 });
    expect(lease.check(3000, 5)).toEqual({ ok: false, remainingMs: 0, reason: 'no-lease' });
  });

  it('is not usable before the replica has applied the granted head', () => {
    const lease = new Lease();
    lease.granted(0, { leaseMs, head: 5 });
    expect(lease.check(1, 4)).toEqual({ ok: false, remainingMs: 0, reason: 'behind' });
    expect(lease.check(1, 5).ok).toBe(true);
  });

  it('goes on with the grant before while a new one is not caught up with', () => {
    const lease = new Lease();
    lease.granted(0, { leaseMs, head: 5 });
    lease.granted(500, { leaseMs, head: 9 });
    expect(lease.check(600, 5)).toEqual({ ok: true, remainingMs: 1400 });
    expect(lease.check(600, 9)).toEqual({ ok: true, remainingMs: 1900 });
    // The one before is over at 2000, and the new one asks for more than was applied.
    expect(lease.check(2000, 8)).toMatchObject({ ok: false, reason: 'behind' });
  });

  it('stays with the newest grant when replies overtake each other', () => {
    const lease = new Lease();
    lease.granted(500, { leaseMs, head: 5 });
    lease.granted(0, { leaseMs, head: 5 });
    expect(lease.check(600, 5)).toEqual({ ok: true, remainingMs: 1900 });
  });

  it('accepts nothing once it is closed, not even under a grant that was on its way', () => {
    const lease = new Lease();
    lease.granted(0, { leaseMs, head: 5 });
    lease.close();
    lease.granted(100, { leaseMs, head: 5 });
    expect(lease.check(200, 5)).toMatchObject({ ok: false, reason: 'no-lease' });
  });
});

describe("the authority's time", () => {
  it('is carried forward from the newest grant', () => {
    const clock = new AuthorityClock();
    expect(clock.at(50)).toBe(-Infinity);
    clock.granted(100, 1_000_000);
    clock.granted(50, 5_000_000);
    expect(clock.at(350)).toBe(1_000_250);
    clock.granted(600, 1_000_400);
    expect(clock.at(700)).toBe(1_000_500);
  });

  it('follows the development clock before the next grant tells of it, and is not moved twice when it does', () => {
    const clock = new AuthorityClock();
    clock.granted(0, 1_000_000);
    clock.moved(100, 9_000_000);
    expect(clock.at(300)).toBe(9_000_200);
    clock.granted(400, 9_000_310);
    expect(clock.at(500)).toBe(9_000_410);
  });

  it('is not set back by a move long ago, read again at a start', () => {
    const clock = new AuthorityClock();
    clock.moved(0, 500_000);
    clock.granted(10, 1_000_000);
    clock.moved(20, 400_000);
    expect(clock.at(30)).toBe(1_000_020);
  });
});
