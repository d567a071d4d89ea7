import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a condition holds, at most 20 s. For what happens in other processes, which no promise announces. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(10);
  }
}
