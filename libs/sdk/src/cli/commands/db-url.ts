import type { ServiceName } from '@tollgate/contracts';
import { CommandFailure, UsageError } from '../failures.ts';
import { write } from '../process.ts';
import { runningStack, secretsOf } from '../stack.ts';

/**
 * `tollgate db url`: the connection string of one service's role, which holds a password. `--superuser` is for the
 * embedded Postgres only: of another one the stack knows what it was given.
 */
export function dbUrl(options: { superuser?: boolean; service: string }): void {
  const state = runningStack();
  const secrets = secretsOf(state);
  if (options.superuser) {
    if (!state.embedded.postgres) {
      throw new CommandFailure(
        'This stack uses the Postgres that TOLLGATE_DATABASE_URL named: its superuser is not known here.',
      );
    }
    write(secrets.databaseAdminUrl);
    return;
  }
  const url = secrets.databaseUrls[options.service as ServiceName];
  if (!url) {
    throw new UsageError(
      `${options.service} has no Postgres role. Those that have: ${Object.keys(secrets.databaseUrls).join(', ')}.`,
    );
  }
  write(url);
}
