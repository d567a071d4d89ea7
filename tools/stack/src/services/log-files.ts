import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LONGEST_BYTES = 10 * 1024 * 1024;

/** The log file of a server or service. One that has grown beyond 10 MB is put aside first (`.1`, replacing an older one). */
export function logFile(directory: string, name: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.log`);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LONGEST_BYTES) renameSync(path, `${path}.1`);
  return path;
}
