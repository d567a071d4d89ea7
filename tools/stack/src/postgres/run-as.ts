import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../files.ts';

/**
 * How Postgres is started. It refuses to run as root, so root starts it as another user; where that user cannot reach
 * the directories (one of their parents is 0700), in a user namespace in which root's own id carries that user's name.
 * Nobody's directory is made more readable for it.
 */
export interface RunAs {
  /** For `spawn`: the identity to take on. Absent: stay who we are. */
  uid?: number;
  gid?: number;
  /** Put before the command. */
  prefix: readonly string[];
  /** Who must own the data directory. Absent: whoever runs this. */
  owner?: { uid: number; gid: number };
}

/** Users that exist on most systems and own nothing that Postgres could harm, the best first. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

/**
 * Decides how to run `binary` on data below `directory` (which must exist).
 * Throws StartError if this is root and there is no way.
 */
export function chooseRunAs(binary: string, directory: string): RunAs {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const users = UNPRIVILEGED_USERS.map(lookUp).filter((user) => user !== undefined);
  for (const user of users) {
    if (canUse(binary, directory, { ...user, prefix: [] })) return { ...user, prefix: [], owner: user };
  }
  for (const user of users) {
    const prefix = ['unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`, '--'];
    if (canUse(binary, directory, { prefix })) return { prefix, owner: { uid: 0, gid: 0 } };
  }
  throw new StartError(
    users.length === 0
      ? 'Postgres does not run as root, and this system has neither a user "postgres" nor a user "nobody": start as another user, or set TOLLGATE_DATABASE_URL to a Postgres server.'
      : `Postgres does not run as root, and no other user can read both ${directory} and ${binary} (a directory above them is closed to others): start as another user, work (and keep TOLLGATE_DATA_DIR) in directories that others can enter, or set TOLLGATE_DATABASE_URL to a Postgres server.`,
  );
}

/** The command and its arguments with what must be put before them. */
export function commandAs(
  { prefix }: RunAs,
  command: string,
  args: readonly string[],
): { command: string; args: string[] } {
  const [first, ...rest] = [...prefix, command];
  return { command: first as string, args: [...rest, ...args] };
}

/** Gives a directory tree to the user that will run Postgres on it. Does nothing if the tree is theirs already. */
export function giveTo(directory: string, { owner }: RunAs): void {
  if (!owner || lstatSync(directory).uid === owner.uid) return;
  // The top is changed last: an interrupted change is taken up again at the next start.
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  chownSync(directory, owner.uid, owner.gid);
}

function lookUp(name: string): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** Tries it out: nothing else knows all the reasons for which a path can be closed. */
function canUse(binary: string, directory: string, runAs: RunAs): boolean {
  const { command, args } = commandAs(runAs, '/bin/sh', ['-c', 'cd "$1" && "$0" --version', binary, directory]);
  const identity = runAs.uid === undefined ? {} : { uid: runAs.uid, gid: runAs.gid };
  return spawnSync(command, args, { cwd: '/', stdio: 'ignore', ...identity }).status === 0;
}
