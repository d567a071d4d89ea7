import { isTollgateError, TollgateError } from '@tollgate/contracts';

/**
 * The TollgateError that stands for any error. A refusal stays what it is; a server that cannot be reached becomes
 * SERVICE_UNAVAILABLE, so that clients know to try again; everything else is INTERNAL and says nothing of itself. The
 * original is the `cause`.
 */
export function asTollgateError(error: unknown): TollgateError {
  if (isTollgateError(error)) return error;
  if (isOutage(error)) {
    return new TollgateError(
      'SERVICE_UNAVAILABLE',
      'A server that is needed cannot be reached right now. Try again shortly.',
      undefined,
      {
        cause: error,
      },
    );
  }
  return new TollgateError(
    'INTERNAL',
    'The request failed. Its requestId finds the cause in the service logs.',
    undefined,
    { cause: error },
  );
}

/** Codes of sockets and name resolution (Node), and of Postgres: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
  '53400', // configuration_limit_exceeded
  '25006', // read_only_sql_transaction: a primary that became a replica
]);

/** Errors of the NATS client, by name: classes are not the same across copies of the library. */
const outageNames = new Set([
  'ConnectionError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'NoRespondersError',
]);

/** What pg, pg-pool and undici say without a code. */
const outageMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end|fetch failed|Connection ended unexpectedly)/;

function isOutage(error: unknown, depth = 0): boolean {
  if (!(error instanceof Object) || depth > 4) return false;
  const { code, name, message, cause, errors } = error as {
    code?: unknown;
    name?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  // Class 08 of Postgres: connection exceptions.
  if (typeof code === 'string' && (outageCodes.has(code) || /^08[0-9A-Z]{3}$/.test(code))) return true;
  if (typeof name === 'string' && outageNames.has(name)) return true;
  if (typeof message === 'string' && outageMessages.test(message)) return true;
  // Node tries several addresses and reports an AggregateError.
  if (Array.isArray(errors) && errors.length > 0 && errors.every((each) => isOutage(each, depth + 1))) return true;
  return isOutage(cause, depth + 1);
}
