import { sleep, within, type Exit, type ServerProcess } from '../processes.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A process that lived this long did not fail at its start: the next delay is the first one again. */
const HEALTHY_MS = 10_000;

export interface Supervision {
  name: string;
  start(): Promise<ServerProcess>;
  stop(process: ServerProcess): Promise<unknown>;
  onStarted?(process: ServerProcess): void;
  print(line: string): void;
}

/** Keeps one process running: whenever it ends without being asked to, it is started again after a growing delay. */
export class Supervised {
  readonly name: string;
  readonly #options: Supervision;
  #process: ServerProcess | undefined;
  #running: Promise<void> | undefined;
  #stopping: AbortController | undefined;

  constructor(options: Supervision) {
    this.name = options.name;
    this.#options = options;
  }

  /** The process that runs right now, if any. */
  get process(): ServerProcess | undefined {
    return this.#process?.exit ? undefined : this.#process;
  }

  /** Starts the process for the first time; throws what that start throws. From then on it is kept running. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#stopping = new AbortController();
    this.#process = await this.#launch();
    this.#running = this.#keepRunning(this.#process, this.#stopping.signal);
  }

  /** Ends the process and leaves it ended, until `start()`. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    if (this.process) await this.#options.stop(this.process);
    await this.#running;
    // A start that was under way when the stop came has succeeded in the meantime.
    if (this.process) await this.#options.stop(this.process);
    this.#running = undefined;
  }

  async #launch(): Promise<ServerProcess> {
    const process = await this.#options.start();
    this.#options.onStarted?.(process);
    return process;
  }

  async #keepRunning(first: ServerProcess, stopping: AbortSignal): Promise<void> {
    const { name, print } = this.#options;
    let process: ServerProcess | undefined = first;
    for (let delayMs = FIRST_DELAY_MS; !stopping.aborted; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      if (process) {
        const livedLong = (await within(process.exited, HEALTHY_MS)) === undefined;
        const exit = await process.exited;
        if (stopping.aborted) return;
        if (livedLong) delayMs = FIRST_DELAY_MS;
        print(`${name} ended (${describeExit(exit)}): starting it again.`);
      }
      await sleep(delayMs, stopping);
      if (stopping.aborted) return;
      try {
        process = await this.#launch();
        this.#process = process;
      } catch (error) {
        process = undefined;
        print(`${name} could not be started: ${(error as Error).message}`);
      }
    }
  }
}

/** How a process ended, for a sentence. */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
