import { readFileSync } from 'node:fs';
import { busPermissions, mergePermissions, outsideGrants, type OutsideGrant } from '@tollgate/contracts';
import { createUserCreds, type NatsAccountKeys } from '@tollgate/identity/nats-users';
import { CommandFailure, UsageError } from '../failures.ts';
import { complain } from '../process.ts';
import { runningStack } from '../stack.ts';

/**
 * `tollgate nats creds NAME --allow verify,…`: prints a NATS `.creds` file (a secret) for an outside caller with just the
 * subjects of these grants. How to connect goes to stderr, so that stdout can be redirected into the file.
 */
export async function natsCreds(name: string, options: { allow: string }): Promise<void> {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(name))
    throw new UsageError('NAME is 1 to 100 letters, digits, dots, dashes and underscores.');
  const grants = readGrants(options.allow);
  const state = runningStack();
  if (!state.natsAccountKeysFile) {
    throw new CommandFailure('This stack uses the NATS server that TOLLGATE_NATS_URL named: make its users there.');
  }
  const keys = JSON.parse(readFileSync(state.natsAccountKeysFile, 'utf8')) as NatsAccountKeys;
  const permissions = mergePermissions(grants.map((grant) => busPermissions(`outside:${grant}`)));
  process.stdout.write(await createUserCreds(keys, name, permissions));
  complain(
    `Keep it in a file of mode 0600, then for example: nats --server ${state.natsUrl} --creds FILE request tollgate.v1.tokens.verify '{"token":"…"}'`,
  );
}

/** Reads `verify,events-feed`. */
export function readGrants(list: string): OutsideGrant[] {
  const names = list.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!outsideGrants.includes(name as OutsideGrant)) {
      throw new UsageError(
        `"${name}" cannot be allowed. Choose from ${outsideGrants.join(', ')}, separated by commas.`,
      );
    }
  }
  return names as OutsideGrant[];
}
