import { lastLines, reasonOf, StartError } from '../files.ts';
import { sleep } from '../processes.ts';
import { describeExit, type Supervised } from './supervisor.ts';

export interface Awaited {
  name: string;
  /** Base URL of its HTTP server. */
  url: string;
  logFile: string;
  supervised: Supervised;
}

export interface Patience {
  timeoutMs: number;
  signal?: AbortSignal;
  /** A service that ends is about to be started again: go on waiting. Default: it could not be started. */
  evenIfItEnds?: boolean;
}

/**
 * Waits until `GET /readyz` of every service answers 200.
 * Throws StartError with the reasons and the end of the log if a service ends or is not ready in time.
 */
export async function waitUntilReady(
  services: readonly Awaited[],
  { timeoutMs, signal, evenIfItEnds = false }: Patience,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  await Promise.all(
    services.map(async (service) => {
      const first = service.supervised.process;
      for (;;) {
        signal?.throwIfAborted();
        const reasons = await notReady(service.url);
        if (reasons === undefined) return;
        if (!evenIfItEnds && first?.exit) {
          throw new StartError(`${service.name} ended at its start (${describeExit(first.exit)}). ${logOf(service)}`);
        }
        if (performance.now() > deadline) {
          throw new StartError(
            `${service.name} is not ready after ${timeoutMs / 1000} s: ${reasons}. ${logOf(service)}`,
          );
        }
        await sleep(50);
      }
    }),
  );
}

/** Undefined if the service is ready, else why not. */
async function notReady(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    const body = await response.text();
    return response.status === 200 ? undefined : `/readyz answers ${response.status} ${body.slice(0, 1_000)}`;
  } catch (error) {
    return `${url}/readyz cannot be reached (${reasonOf(error)})`;
  }
}

function logOf({ logFile }: Awaited): string {
  return `Its log ${logFile} ends with:\n${lastLines(logFile)}`;
}
