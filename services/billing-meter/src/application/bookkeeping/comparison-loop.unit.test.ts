import { describe, expect, it } from '@jest/globals';
import { ComparisonLoop } from './comparison-loop.ts';
import type { Reconciliation } from './reconcile.ts';

const minuteMs = 60_000;

/** A loop that looks at given minutes, and how each of its comparisons is brought to an end. */
function loopOf() {
  const comparisons: PromiseWithResolvers<void>[] = [];
  const run = () => {
    const comparison = Promise.withResolvers<void>();
    comparisons.push(comparison);
    return comparison.promise;
  };
  const loop = new ComparisonLoop({ run } as unknown as Reconciliation);
  const ending = new AbortController().signal;
  let minute = 0;
  const look = (at: number) => {
    minute = at;
    loop.look(() => minute * minuteMs, ending);
  };
  look(0);
  return { comparisons, ended: () => loop.ended(), look };
}

describe('the books are compared', () => {
  it('ten minutes after the start, one comparison at a time, and whoever looks does not wait for it', () => {
    const { comparisons, look } = loopOf();
    look(9);
    expect(comparisons).toHaveLength(0);
    look(10);
    look(60);
    expect(comparisons).toHaveLength(1);
  });

  it('every ten minutes, also after a comparison that failed', async () => {
    const { comparisons, ended, look } = loopOf();
    look(10);
    comparisons[0]!.reject(new Error('no connection'));
    await ended();
    look(19);
    expect(comparisons).toHaveLength(1);
    look(20);
    expect(comparisons).toHaveLength(2);
  });

  it('for no more than a tenth of the time, where that takes long', async () => {
    const { comparisons, ended, look } = loopOf();
    look(10);
    look(15);
    comparisons[0]!.resolve();
    await ended();
    look(59);
    expect(comparisons).toHaveLength(1);
    look(60);
    expect(comparisons).toHaveLength(2);
  });
});
