import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStackState, type StackState } from '@tollgate/contracts';
import { repositoryRoot } from '../services/service-definitions.ts';

/** A launcher in a process (and process group) of its own, for tests of what happens to it. */
export interface LauncherProcess {
  readonly pid: number;
  /** Returns when it has printed that the stack is ready; throws with its output if it ends before. */
  ready(): Promise<StackState>;
  /** What it has printed so far, on standard output and standard error. */
  output(): string;
  /** Returns when it has ended, with its exit code (null after SIGKILL). */
  exited: Promise<number | null>;
  /** What Ctrl-C in a terminal does: every process of the foreground group gets SIGINT. */
  interrupt(): void;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts `npm start` as a process.
 * @param program `start.ts` for the real services (from `dist`), `testing/fake-stack.ts` for services that do nothing
 */
export function spawnLauncher(env: NodeJS.ProcessEnv, program = 'testing/fake-stack.ts'): LauncherProcess {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  // As scripts/start.mjs does it, so that its part in signals and exit codes is tested with it.
  const bootstrap = join(repositoryRoot, 'scripts', 'bootstrap.mjs');
  const script = `
    const { run } = await import(${JSON.stringify(bootstrap)});
    const { code } = await run([process.execPath, '--conditions=@tollgate/source', ${JSON.stringify(path)}], { ipc: true });
    process.exit(code);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()));
  // 'close' comes after the last output.
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    pid: child.pid as number,
    output: () => printed,
    exited,
    async ready() {
      let ended = false;
      void exited.then(() => (ended = true));
      while (!printed.includes('Ctrl-C stops it')) {
        if (ended) throw new Error(`The launcher ended:\n${printed}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return readStackState(env['TOLLGATE_DATA_DIR']) as StackState;
    },
    interrupt: () => void process.kill(-(child.pid as number), 'SIGINT'),
    kill: (signal) => void child.kill(signal),
  };
}
