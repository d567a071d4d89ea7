import { describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { LeaseKeeper } from './lease-keeper.ts';
import type { Grant } from './lease.ts';

const granted: Grant = { logId: 'log-1', sameHistory: true, leaseMs: 2000, head: 5, authorityTimeMs: 1_000_000 };

/** A keeper on a clock that stands still unless a test moves it; replies come when the test sends them. */
function keeperWith(changes: { logId?: string } = {}) {
  const world = {
    now: 0,
    asked: [] as { at: number; reply: PromiseWithResolvers<Grant> }[],
    returnedWhile: [] as { accepting: boolean; inFlight: number }[],
    otherLogs: [] as string[],
  };
  let inFlight = 0;
  const keeper = new LeaseKeeper({
    clock: () => world.now,
    renew: async () => {
      const reply = Promise.withResolvers<Grant>();
      world.asked.push({ at: world.now, reply });
      inFlight++;
      return reply.promise.finally(() => inFlight--);
    },
    giveBack: async () => {
      world.returnedWhile.push({ accepting: keeper.check(100).ok, inFlight });
    },
    logId: () => changes.logId ?? 'log-1',
    onOtherLog: (logId) => world.otherLogs.push(logId),
  });
  return { keeper, world };
}

describe('the lease keeper', () => {
  it('counts the lease from before the request left, not from its reply', async () => {
    const { keeper, world } = keeperWith();
    const renewal = keeper.renew();
    world.now = 1500;
    world.asked[0]!.reply.resolve(granted);
    await renewal;
    expect(keeper.check(5)).toEqual({ ok: true, remainingMs: 500 });
    world.now = 2000;
    expect(keeper.check(5)).toMatchObject({ ok: false, reason: 'no-lease' });
    expect(keeper.authorityClock.at(2000)).toBe(1_002_000);
  });

  it('asks for the head to be applied', async () => {
    const { keeper, world } = keeperWith();
    const renewal = keeper.renew();
    world.asked[0]!.reply.resolve(granted);
    await renewal;
    expect(keeper.check(4)).toMatchObject({ ok: false, reason: 'behind' });
  });

  it('takes nothing from an answer that knows another history of the same log, and tells of it', async () => {
    const { keeper, world } = keeperWith();
    const renewal = keeper.renew();
    world.asked[0]!.reply.resolve({ ...granted, sameHistory: false });
    await renewal;
    expect(world.otherLogs).toEqual(['log-1']);
    expect(keeper.check(100)).toMatchObject({ ok: false });
  });

  it('takes no grant that was asked for before everything was dropped', async () => {
    const { keeper, world } = keeperWith();
    const renewal = keeper.renew();
    keeper.drop();
    world.asked[0]!.reply.resolve(granted);
    await renewal;
    expect(keeper.check(100)).toMatchObject({ ok: false });
  });

  it('takes nothing from a grant for another log, and tells of it', async () => {
    const { keeper, world } = keeperWith({ logId: 'log-0' });
    const renewal = keeper.renew();
    world.asked[0]!.reply.resolve(granted);
    await renewal;
    expect(world.otherLogs).toEqual(['log-1']);
    expect(keeper.check(100)).toMatchObject({ ok: false, reason: 'no-lease' });
    expect(keeper.authorityClock.at(0)).toBe(-Infinity);
  });

  it('stops accepting before it gives the lease back', async () => {
    const { keeper, world } = keeperWith();
    const renewal = keeper.renew();
    world.asked[0]!.reply.resolve(granted);
    await renewal;
    expect(keeper.check(5).ok).toBe(true);
    await keeper.leave();
    expect(world.returnedWhile).toEqual([{ accepting: false, inFlight: 0 }]);
  });

  it('asks at a steady pace although a reply is missing, and gives back only after the last reply', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { keeper, world } = keeperWith();
      keeper.start();
      keeper.start();
      jest.advanceTimersByTime(1000);
      expect(world.asked).toHaveLength(3);
      world.asked[1]!.reply.resolve(granted);
      await turn();
      expect(keeper.check(5).ok).toBe(true);

      const left = keeper.leave();
      jest.advanceTimersByTime(1000);
      await turn();
      expect(world.asked).toHaveLength(3);
      expect(world.returnedWhile).toEqual([]);
      world.asked[0]!.reply.reject(new Error('timeout'));
      world.asked[2]!.reply.resolve(granted);
      await left;
      expect(world.returnedWhile).toEqual([{ accepting: false, inFlight: 0 }]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps nothing when it is dropped, and can start again', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { keeper, world } = keeperWith();
      keeper.start();
      world.asked[0]!.reply.resolve(granted);
      await turn();
      keeper.drop();
      expect(keeper.check(5).ok).toBe(false);
      keeper.start();
      expect(world.asked).toHaveLength(2);
      keeper.drop();
    } finally {
      jest.useRealTimers();
    }
  });
});
