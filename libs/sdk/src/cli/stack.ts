import {
  dataDirectory,
  readStackSecrets,
  readStackState,
  type StackSecrets,
  type StackState,
} from '@tollgate/contracts';
import { CommandFailure } from './failures.ts';

/** The stack of the data directory, running or not. Undefined if none was ever started there. */
export function knownStack(): StackState | undefined {
  return readStackState();
}

/** The running stack of the data directory. Throws CommandFailure when there is none. */
export function runningStack(): StackState {
  const state = readStackState();
  if (!state || !isAlive(state.launcherPid)) {
    throw new CommandFailure(
      `No stack runs on the data directory ${dataDirectory()}: start one with \`npm start\`, or name another with TOLLGATE_DATA_DIR.`,
    );
  }
  return state;
}

export function secretsOf(state: StackState): StackSecrets {
  const secrets = readStackSecrets(state);
  if (secrets) return secrets;
  throw new CommandFailure(
    `The stack's secrets are not at ${state.secretsFile}: start the stack again with \`npm start\`.`,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process of another user is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
