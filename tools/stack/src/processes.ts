import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ServerCommand {
  command: string;
  args: readonly string[];
  /** Standard output and error are appended here. */
  logFile: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number | undefined;
  gid?: number | undefined;
  /** Opens an IPC channel, by which the child notices that this process is gone. */
  ipc?: boolean;
}

/** How a process ended: an exit code or a signal. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Set once the process has ended. */
  readonly exit: Exit | undefined;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a server in a session of its own: Ctrl-C in the terminal reaches the launcher only, which then stops
 * what it started in the right order.
 * Throws if the command cannot be started at all.
 */
export async function spawnServer(server: ServerCommand): Promise<ServerProcess> {
  mkdirSync(dirname(server.logFile), { recursive: true });
  const log = openSync(server.logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(server.command, server.args, {
      detached: true,
      stdio: ['ignore', log, log, ...(server.ipc ? (['ipc'] as const) : [])],
      env: server.env ?? process.env,
      ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
      ...(server.uid === undefined ? {} : { uid: server.uid }),
      ...(server.gid === undefined ? {} : { gid: server.gid }),
    });
  } finally {
    closeSync(log);
  }
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    pid: child.pid as number,
    exited,
    get exit() {
      return exit;
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** Sends one signal after the other, each with its time to take effect, until the process has ended. */
export async function stopServer(server: ServerProcess, steps: readonly [NodeJS.Signals, number][]): Promise<Exit> {
  for (const [signal, waitMs] of steps) {
    if (server.exit) break;
    server.kill(signal);
    // A stopped (SIGSTOP) process sees no other signal until it continues.
    server.kill('SIGCONT');
    await within(server.exited, waitMs);
  }
  return server.exited;
}

/** Returns after `ms`, or at once when the signal is given. Leaves no timer behind. */
export function sleep(ms: number, signal?: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve(undefined);
    };
    const timer = setTimeout(done, signal?.aborted ? 0 : ms);
    signal?.addEventListener('abort', done);
  });
}

/** The promise's value, or undefined after `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const decided = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, decided.signal)]);
  } finally {
    decided.abort();
  }
}

/** True if a process of that id exists (also one of another user). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return processState(pid) !== 'Z';
}

/** The command line of a process as one string, or undefined if there is no such process. */
export function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return ps(pid, 'command=');
  }
}

/**
 * When a process started, in a form that differs for two processes that had the same id one after the other,
 * or undefined if there is no such process.
 */
export function processStart(pid: number): string | undefined {
  try {
    // proc(5): field 22 is the start time in ticks since boot; the name in field 2 may itself hold blanks and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return ps(pid, 'lstart=');
  }
}

/** Stops a process that this one did not start: signals, then waits. False if it still lives. */
export async function stopForeign(pid: number, steps: readonly [NodeJS.Signals, number][]): Promise<boolean> {
  for (const [signal, waitMs] of steps) {
    if (!isAlive(pid)) return true;
    try {
      process.kill(pid, signal);
      process.kill(pid, 'SIGCONT');
    } catch {
      // It ended in between, or belongs to another user: the loop below finds out which.
    }
    for (let waited = 0; waited < waitMs && isAlive(pid); waited += 20) await sleep(20);
  }
  return !isAlive(pid);
}

/** A zombie answers to signal 0 although it has ended: its parent has not collected it yet. */
function processState(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim()[0];
  } catch {
    return ps(pid, 'state=')?.[0];
  }
}

/** Systems without /proc. */
function ps(pid: number, column: string): string | undefined {
  if (process.platform === 'linux') return undefined;
  try {
    return (
      execFileSync('ps', ['-o', column, '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}
