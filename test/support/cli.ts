import { spawn } from 'node:child_process';

const program = new URL('../../libs/sdk/bin/tollgate.mjs', import.meta.url).pathname;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as people run it, until it ends. */
export async function runTollgate(env: NodeJS.ProcessEnv, args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  return { status, stdout, stderr };
}
