import type { TollgateError } from '@tollgate/contracts';

/** The command was used in a way it cannot be: exit status 2. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do its work: exit status 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

export interface Failure {
  readonly status: 1 | 2;
  /** What goes to stderr, without the newline at its end. */
  readonly text: string;
}

/**
 * What the CLI says and exits with for an error: a refusal of Tollgate is its code and detail and one line per wrong
 * field, anything else is its message. (Contracts are not imported here: they would slow every command down.)
 */
export function failureOf(error: unknown): Failure {
  const { name, message } = error as Error;
  if (name === 'TollgateError') {
    const { code, errors = [] } = error as TollgateError;
    const fields = errors.map(({ path, message: text }) => `  ${path === '' ? 'input' : path}: ${text}`);
    return { status: 1, text: [`${code}: ${message}`, ...fields].join('\n') };
  }
  return { status: name === 'UsageError' ? 2 : 1, text: message };
}
