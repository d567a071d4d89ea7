import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Kept ports are drawn below the range from which operating systems serve outgoing connections (32768 on Linux), so that a
 * port that was free at the first start is very likely free at the next one.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
/**
 * Each process draws from a slice of its own, by its id: some seconds pass between the choice of a port and its use, and stacks that
 * start at the same time would take each other's ports now and then.
 */
const SLICE = 100;
/** One after the other, from anywhere on: what was drawn a moment ago may not be listened on yet. */
let drawn = randomInt(SLICE);

/** True if a server can listen on this TCP port right now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A TCP port on which nobody listens, and that is none of `taken`. Beyond the slice of this process only when that is full. */
export async function freePort(host = '127.0.0.1', taken: ReadonlySet<number> = new Set()): Promise<number> {
  const slices = (HIGHEST_PORT - LOWEST_PORT) / SLICE;
  const first = LOWEST_PORT + (process.pid % slices) * SLICE;
  for (let attempt = 0; attempt < 300; attempt++) {
    const port = attempt < SLICE ? first + (drawn++ % SLICE) : randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (!taken.has(port) && (await isPortFree(port, host))) return port;
  }
  throw new Error(`No free port was found between ${LOWEST_PORT} and ${HIGHEST_PORT}.`);
}
