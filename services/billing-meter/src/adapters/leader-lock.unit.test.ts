import { describe, expect, it } from '@jest/globals';
import type { Pool } from '@tollgate/event-log';
import { LeaderLock } from './leader-lock.ts';

type Answer = () => Promise<{ rows: { locked: boolean }[] }>;

const locked: Answer = () => Promise.resolve({ rows: [{ locked: true }] });
const taken: Answer = () => Promise.resolve({ rows: [{ locked: false }] });
const broken: Answer = () => Promise.reject(new Error('Connection terminated unexpectedly'));

/** A pool whose statements are answered as they are told, and which counts the connections that were not given back. */
function poolAnswering(...answers: Answer[]) {
  const pool = { out: 0 };
  const connect = () => {
    pool.out += 1;
    return Promise.resolve({ query: () => (answers.shift() as Answer)(), release: () => (pool.out -= 1) });
  };
  return { pool, lock: new LeaderLock({ connect } as unknown as Pool) };
}

describe('the lock of the leader', () => {
  it('keeps its connection while it leads, and gives it back at the end', async () => {
    const { pool, lock } = poolAnswering(locked, locked);
    expect([await lock.lead(), await lock.lead(), pool.out]).toEqual([true, true, 1]);
    await lock.onApplicationShutdown();
    expect(pool.out).toBe(0);
  });

  it('gives the connection back when another process leads', async () => {
    const { pool, lock } = poolAnswering(taken);
    expect([await lock.lead(), pool.out]).toEqual([false, 0]);
  });

  it('gives the connection back when it cannot ask for the lock', async () => {
    const { pool, lock } = poolAnswering(broken, locked);
    await expect(lock.lead()).rejects.toThrow('terminated');
    expect(pool.out).toBe(0);
    expect(await lock.lead()).toBe(true);
  });

  it('gives back a lock that comes while the service ends', async () => {
    const { promise, resolve } = Promise.withResolvers<{ rows: { locked: boolean }[] }>();
    const { pool, lock } = poolAnswering(() => promise);
    const asking = lock.lead();
    const ended = lock.onApplicationShutdown();
    resolve({ rows: [{ locked: true }] });
    await Promise.all([asking, ended]);
    expect(pool.out).toBe(0);
  });
});
