import { TollgateError } from '@tollgate/contracts';
import { isUnavailable } from './pool.ts';

/** A failure to reach Postgres as SERVICE_UNAVAILABLE; every other error as it is. */
export function unavailable(error: unknown): unknown {
  if (!isUnavailable(error)) return error;
  return new TollgateError(
    'SERVICE_UNAVAILABLE',
    'The database cannot be reached right now. Repeat the request.',
    undefined,
    {
      cause: error,
    },
  );
}
