import { quantile } from './statistics.ts';

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * A closed loop: so many requests are always under way, and each that is answered makes room for the next.
 * @param send sends the n-th request and calls `done` when it is answered
 */
export async function closedLoop(
  inFlight: number,
  durationMs: number,
  send: (n: number, done: () => void) => void,
): Promise<Load> {
  const latencies: number[] = [];
  const startedMs = performance.now();
  let [sent, underWay] = [0, 0];
  await new Promise<void>((resolve) => {
    const next = (): void => {
      const sentMs = performance.now();
      if (sentMs - startedMs >= durationMs) {
        if (underWay === 0) resolve();
        return;
      }
      underWay += 1;
      send(sent++, () => {
        underWay -= 1;
        latencies.push(performance.now() - sentMs);
        next();
      });
    };
    for (let n = 0; n < inFlight; n++) next();
  });
  return summary(latencies, performance.now() - startedMs);
}

export function summary(latencies: number[], durationMs: number): Load {
  return {
    perSecond: (latencies.length / durationMs) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** Two loads in turn, so that whatever else the machine does meets both; of several rounds the median of each figure. */
export async function inTurn(rounds: number, ...loads: readonly (() => Promise<Load>)[]): Promise<Load[]> {
  const results: Load[][] = loads.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, load] of loads.entries()) results[index]!.push(await load());
  }
  return results.map((list) => ({
    perSecond: quantile(
      list.map(({ perSecond }) => perSecond),
      0.5,
    ),
    p50Ms: quantile(
      list.map(({ p50Ms }) => p50Ms),
      0.5,
    ),
    p99Ms: quantile(
      list.map(({ p99Ms }) => p99Ms),
      0.5,
    ),
  }));
}
