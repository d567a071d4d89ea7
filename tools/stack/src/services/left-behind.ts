import { readJson, writeFileAtomic } from '../files.ts';
import { processStart, stopForeign, type ServerProcess } from '../processes.ts';

/**
 * Which service processes run, on disk: a launcher that was killed cannot stop them. They end by themselves when their
 * IPC channel closes; whoever starts next makes sure, and never touches a process that only has the same id.
 */
export class ProcessRecord {
  readonly #file: string;
  readonly #processes: Record<string, { pid: number; start: string }> = {};

  constructor(file: string) {
    this.#file = file;
  }

  /** Ends processes of an earlier launcher that still run; returns how many. */
  static async stopLeft(file: string): Promise<number> {
    const left = Object.values(readJson<Record<string, { pid: number; start: string }>>(file) ?? {});
    const alive = left.filter(({ pid, start }) => start !== '' && processStart(pid) === start);
    const steps: [NodeJS.Signals, number][] = [
      ['SIGTERM', 5_000],
      ['SIGKILL', 2_000],
    ];
    await Promise.all(alive.map(({ pid }) => stopForeign(pid, steps)));
    return alive.length;
  }

  add(name: string, { pid }: ServerProcess): void {
    this.#processes[name] = { pid, start: processStart(pid) ?? '' };
    writeFileAtomic(this.#file, `${JSON.stringify(this.#processes, null, 2)}\n`);
  }
}
