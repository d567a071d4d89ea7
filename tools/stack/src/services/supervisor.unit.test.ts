import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Exit, ServerProcess } from '../processes.ts';
import { Supervised } from './supervisor.ts';

/** A process that ends when the test says so. */
class FakeProcess implements ServerProcess {
  readonly pid = 1;
  exit: Exit | undefined;
  readonly exited: Promise<Exit>;
  end!: (exit: Exit) => void;

  constructor() {
    this.exited = new Promise((resolve) => {
      this.end = (exit) => {
        this.exit = exit;
        resolve(exit);
      };
    });
  }

  kill(): void {
    this.end({ code: 0, signal: null });
  }
}

describe('Supervised', () => {
  let started: FakeProcess[];
  let lines: string[];
  let supervised: Supervised;
  /** Whether the next start fails. */
  let broken: boolean;

  beforeEach(() => {
    jest.useFakeTimers();
    started = [];
    lines = [];
    broken = false;
    supervised = new Supervised({
      name: 'it',
      async start() {
        if (broken) throw new Error('no such program');
        started.push(new FakeProcess());
        return started.at(-1) as FakeProcess;
      },
      async stop(process) {
        process.kill('SIGTERM');
      },
      print: (line) => lines.push(line),
    });
  });
  afterEach(() => void jest.useRealTimers());

  const crash = (): void => started.at(-1)?.end({ code: 1, signal: null });
  /** How long after its end the process is started again, in steps of 50 ms; undefined if not within 20 s. */
  async function delayUntilNextStart(): Promise<number | undefined> {
    const before = started.length;
    for (let waitedMs = 0; waitedMs <= 20_000; waitedMs += 50) {
      await jest.advanceTimersByTimeAsync(waitedMs === 0 ? 0 : 50);
      if (started.length > before) return waitedMs;
    }
    return undefined;
  }

  it('starts what ended again, twice as late each time and after 5 s at the latest', async () => {
    await supervised.start();
    const delays: (number | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      crash();
      delays.push(await delayUntilNextStart());
    }
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(lines).toEqual(Array(8).fill('it ended (exit code 1): starting it again.'));
  });

  it('forgets earlier ends once the process has run for 10 s', async () => {
    await supervised.start();
    for (let i = 0; i < 4; i++) {
      crash();
      await delayUntilNextStart();
    }
    await jest.advanceTimersByTimeAsync(11_000);
    crash();
    expect(await delayUntilNextStart()).toBe(100);
  });

  it('tries on when a start fails, and says so', async () => {
    await supervised.start();
    broken = true;
    crash();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(lines).toContain('it could not be started: no such program');
    broken = false;
    expect(await delayUntilNextStart()).toBeDefined();
  });

  it('throws what the first start throws', async () => {
    broken = true;
    await expect(supervised.start()).rejects.toThrow('no such program');
  });

  it('leaves down what it was asked to stop, also while it waits to start it again', async () => {
    await supervised.start();
    await supervised.stop();
    expect(await delayUntilNextStart()).toBeUndefined();
    await supervised.start();
    crash();
    await jest.advanceTimersByTimeAsync(50);
    await supervised.stop();
    expect(await delayUntilNextStart()).toBeUndefined();
    expect(supervised.process).toBeUndefined();
    expect(started).toHaveLength(2);
  });
});
