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

/** Codes of sockets and name resolution (Node). */
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
]);

/**
 * Codes of Postgres that say nothing about the statement (classes 08 connection, 40 rollback, 53 resources, 57 operator intervention
 * and timeouts, 58 system; 25006 a primary that became a standby, 25P03 and 25P04 a connection that idled, 55P03 a lock):
 * https://www.postgresql.org/docs/current/errcodes-appendix.html. The event log has the same ones for itself (`isUnavailable`).
 */
const outageStates = /^(08|40|53|57|58)[0-9A-Z]{3}$|^(25006|25P03|25P04|55P03)$/;

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
  if (typeof code === 'string' && (outageCodes.has(code) || outageStates.test(code))) return true;
  if (typeof name === 'string' && outageNames.has(name)) return true;
  if (typeof message === 'string' && outageMessages.test(message)) return true;
  // Node tries several addresses and reports an AggregateError.
  if (Array.isArray(errors) && errors.length > 0 && errors.every((each) => isOutage(each, depth + 1))) return true;
  return isOutage(cause, depth + 1);
}
