import { StartError, readJson, writeFileAtomic } from '../files.ts';
import { freePort, isPortFree } from '../ports.ts';

/**
 * The ports of a data directory. A port that the environment names must be free; any other is drawn once and kept, and
 * drawn anew only if somebody else has taken it in the meantime.
 */
export class KeptPorts {
  readonly #file: string;
  readonly #ports: Record<string, number>;

  constructor(file: string) {
    this.#file = file;
    this.#ports = readJson<Record<string, number>>(file) ?? {};
  }

  /** A port for `name`, free right now. */
  async choose(name: string): Promise<number> {
    const kept = this.#ports[name];
    if (kept !== undefined && (await isPortFree(kept))) return kept;
    const port = await freePort('127.0.0.1', new Set(Object.values(this.#ports)));
    this.#ports[name] = port;
    writeFileAtomic(this.#file, `${JSON.stringify(this.#ports, null, 2)}\n`);
    return port;
  }
}

/** Throws StartError, naming the variable, if somebody listens on the port. */
export async function requireFreePort(port: number, variable: string, host = '127.0.0.1'): Promise<number> {
  if (await isPortFree(port, host)) return port;
  throw new StartError(
    `Port ${port} on ${host} is in use by another program: stop that program, or set ${variable} to a free port.`,
  );
}
