import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The files below a directory whose bytes hold the text, as they lie on disk at this moment. */
export function filesHolding(directory: string, text: string): string[] {
  const wanted = Buffer.from(text);
  const found: string[] = [];
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    try {
      if (statSync(path).isFile() && readFileSync(path).includes(wanted)) found.push(name);
    } catch (error) {
      // A server removes files of its own at any moment; sockets cannot be read.
      if (!['ENOENT', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return found;
}
