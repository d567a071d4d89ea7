import type { ProcessHandle } from '@tollgate/stack';

/** Ends a server the hard way and leaves it down, until `start()`. */
export async function killForGood(server: ProcessHandle): Promise<void> {
  await server.kill('SIGKILL');
  await server.stop();
}

/** Runs `work`, and returns what came of it and how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; tookMs: number }> {
  const startedMs = performance.now();
  const result = await work();
  return { result, tookMs: performance.now() - startedMs };
}
