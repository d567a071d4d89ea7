import { createInterface } from 'node:readline/promises';
import { CommandFailure, UsageError } from './failures.ts';

/** Asks before something final. Without a terminal there is nobody to ask: `--yes` says it then. */
export async function confirm(what: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`There is no terminal to confirm "${what}" on: add --yes.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what}: are you sure? [y/N] `).finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('Nothing was changed.');
}
