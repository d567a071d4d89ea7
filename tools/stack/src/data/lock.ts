import { randomUUID } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readText, StartError } from '../files.ts';
import { processStart } from '../processes.ts';

interface Owner {
  pid: number;
  /** When that process started: its id alone may belong to another process by now. */
  start: string;
}

/**
 * Makes this process the only launcher on a data directory; returns the release. A lock whose owner is gone (killed, or
 * from before a reboot) counts for nothing.
 * Throws StartError, naming the process, if another one holds it.
 */
export function acquireLock(path: string, dataDir: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, start: processStart(process.pid) ?? '' } satisfies Owner);
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, mine, { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (take(draft, path)) return () => release(path, mine);
      const content = readText(path);
      if (content === undefined) continue;
      const owner = lockOwner(path);
      if (owner !== undefined) {
        throw new StartError(
          `A stack is already running on ${dataDir} (process ${owner}): stop it first, or set TOLLGATE_DATA_DIR to another directory.`,
        );
      }
      removeStale(path, content);
    }
    throw new StartError(`The lock ${path} changes hands all the time: start again in a moment.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The process that holds the lock, or undefined if nobody does. */
export function lockOwner(path: string): number | undefined {
  const owner = parse(readText(path) ?? '');
  return owner && processStart(owner.pid) === owner.start ? owner.pid : undefined;
}

/** A link appears with its content, and only if the name is not taken. */
function take(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Removes the lock only if it still is the one that was found stale: another launcher may have been faster. */
function removeStale(path: string, content: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readText(aside) !== content) take(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true });
}

function parse(content: string): Owner | undefined {
  try {
    const owner = JSON.parse(content) as Partial<Owner>;
    return typeof owner.pid === 'number' && typeof owner.start === 'string' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}
