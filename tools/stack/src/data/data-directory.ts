import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { exists, readText, reasonOf, StartError, writeFileAtomic } from '../files.ts';
import { acquireLock } from './lock.ts';

/** Raised when files in the data directory move or change their meaning. */
export const LAYOUT_VERSION = '1';

/** The places inside a data directory. */
export interface DataDirectory {
  path: string;
  stateFile: string;
  secretsFile: string;
  portsFile: string;
  processesFile: string;
  bin: string;
  logs: string;
  postgres: string;
  nats: string;
  natsCreds: string;
  natsAccountKeys: string;
  /** Gives the lock back. */
  release(): void;
}

/**
 * Creates the data directory if need be, takes its lock and checks that this program understands it.
 * Throws StartError if another launcher runs on it or another version has written it.
 */
export function openDataDirectory(path: string): DataDirectory {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new StartError(
      `The data directory ${path} cannot be written (${reasonOf(error)}): set TOLLGATE_DATA_DIR to one that can.`,
      { cause: error },
    );
  }
  // Servers left by a killed launcher are recognised by their command lines, which hold this path.
  const root = realpathSync(path);
  const release = acquireLock(join(root, 'launcher.lock'), root);
  try {
    checkLayout(root);
  } catch (error) {
    release();
    throw error;
  }
  return {
    path: root,
    stateFile: join(root, 'stack.json'),
    secretsFile: join(root, 'secrets.json'),
    portsFile: join(root, 'ports.json'),
    processesFile: join(root, 'processes.json'),
    bin: join(root, 'bin'),
    logs: join(root, 'logs'),
    postgres: join(root, 'postgres'),
    nats: join(root, 'nats'),
    natsCreds: join(root, 'nats', 'creds'),
    natsAccountKeys: join(root, 'nats', 'account-keys.json'),
    release,
  };
}

function checkLayout(root: string): void {
  const file = join(root, 'layout-version');
  const found = readText(file)?.trim();
  if (found === LAYOUT_VERSION) return;
  if (found === undefined && !exists(join(root, 'postgres')) && !exists(join(root, 'nats'))) {
    writeFileAtomic(file, `${LAYOUT_VERSION}\n`);
    return;
  }
  throw new StartError(
    `${root} has layout version ${found || 'unknown'} and this Tollgate uses version ${LAYOUT_VERSION}: use the Tollgate that made it, or move the directory away to start afresh.`,
  );
}
