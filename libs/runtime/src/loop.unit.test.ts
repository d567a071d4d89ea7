import { describe, expect, it, jest } from '@jest/globals';
import { Loop, type LoopOptions } from './loop.ts';

/** A loop whose rounds do what stands in `rounds`, and which stops in the last one. */
async function run(rounds: readonly (() => Promise<number | void>)[], options: Partial<LoopOptions> = {}) {
  const failures: unknown[] = [];
  const asked: number[] = [];
  let count = 0;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const loop: Loop = new Loop({
    everyMs: 0,
    retryMs: (failed) => {
      asked.push(failed);
      return 0;
    },
    round: async () => {
      const round = rounds[count++]!;
      if (count === rounds.length) void loop.stop().then(resolve);
      return round();
    },
    onFailure: (error) => void failures.push(error),
    ...options,
  });
  loop.start();
  loop.start();
  await ended;
  return { count, failures, asked };
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise(setImmediate);
}

const well = async () => undefined;
const badly = async () => Promise.reject(new Error('no'));

describe('a loop', () => {
  it('does one round after the other, until it is stopped', async () => {
    expect(await run([well, well, well])).toEqual({ count: 3, failures: [], asked: [] });
  });

  it('goes on after failures, says so, and counts those in a row', async () => {
    const { count, failures, asked } = await run([badly, badly, well, badly, well]);
    expect({ count, failures, asked }).toEqual({
      count: 5,
      failures: [new Error('no'), new Error('no'), new Error('no')],
      asked: [1, 2, 1],
    });
  });

  it('says why its last round failed, for as long as it is the last', async () => {
    let rounds = 0;
    const seen: (string | undefined)[] = [];
    const loop: Loop = new Loop({
      everyMs: 0,
      round: async () => {
        seen.push(loop.failure?.message);
        if (++rounds === 3) void loop.stop();
        if (rounds === 1) throw new Error('no');
      },
      onFailure: () => undefined,
    });
    loop.start();
    await until(() => rounds === 3);
    await loop.stop();
    expect(seen).toEqual([undefined, 'no', undefined]);
  });

  it('says nothing of a round that fails because it ends', async () => {
    expect(await run([well, badly])).toMatchObject({ count: 2, failures: [] });
  });

  it('waits as long as a round has said', async () => {
    const started = performance.now();
    await run([async () => 60, well], { everyMs: 60_000 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  });

  it('does not wait for the next round when it is stopped', async () => {
    const round = jest.fn(well);
    const loop = new Loop({ everyMs: 60_000, round, onFailure: () => undefined });
    loop.start();
    await new Promise(setImmediate);
    await loop.stop();
    expect(round).toHaveBeenCalledTimes(1);
  });
});
