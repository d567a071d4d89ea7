import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

/** A refusal to start whose message is the one sentence that the user reads: no stack trace is printed for it. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}

/** Replaces a file as a whole: a reader sees the old content or the new one, also after a power failure. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  const partial = `${path}.partial-${process.pid}`;
  rmSync(partial, { force: true });
  const file = openSync(partial, 'wx', mode);
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

/** The parsed content of a JSON file, or undefined if there is no such file. */
export function readJson<T>(path: string): T | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new StartError(`${path} is not valid JSON: restore it, or move the data directory away to start afresh.`, {
      cause: error,
    });
  }
}

/** The content of a text file, or undefined if there is no such file. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The last lines of a text file, for messages about a server that failed. Empty if there is no such file. */
export function lastLines(path: string, count = 12): string {
  const lines = (readText(path) ?? '').trimEnd().split('\n');
  return lines.slice(-count).join('\n');
}

/** Why something failed, for a sentence: `fetch` hides the reason in the error's cause. */
export function reasonOf(error: unknown): string {
  const { cause, message, code } = error as { cause?: unknown; message?: string; code?: string };
  // A refused connection to a name with several addresses is an error without a message.
  return message === 'fetch failed' && cause ? reasonOf(cause) : message || code || String(error);
}

/** True if there is a file, directory or link of that name. */
export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
