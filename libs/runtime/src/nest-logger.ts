import type { LoggerService } from '@nestjs/common';
import { createLogger } from '@tollgate/telemetry';

const logger = createLogger('nest');

/** Nest's own lines in our format. What it says about a regular start is of interest to developers only: `debug`. */
export const nestLogger: LoggerService = {
  log: (message: unknown, ...rest: unknown[]) => logger.debug(fields(rest), text(message)),
  debug: (message: unknown, ...rest: unknown[]) => logger.trace(fields(rest), text(message)),
  verbose: (message: unknown, ...rest: unknown[]) => logger.trace(fields(rest), text(message)),
  warn: (message: unknown, ...rest: unknown[]) => logger.warn(fields(rest), text(message)),
  error: (message: unknown, ...rest: unknown[]) =>
    logger.error({ ...fields(rest), ...(message instanceof Object ? { err: message } : {}) }, text(message)),
  fatal: (message: unknown, ...rest: unknown[]) =>
    logger.fatal({ ...fields(rest), ...(message instanceof Object ? { err: message } : {}) }, text(message)),
};

const text = (message: unknown): string =>
  message instanceof Object && 'message' in message ? String(message.message) : String(message);

/** Nest passes the context last, and a stack before it. */
const fields = (rest: unknown[]): object => ({
  context: rest.at(-1),
  ...(rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {}),
});
