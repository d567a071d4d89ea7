import { setImmediate } from 'node:timers';
import { trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { maskSecrets } from './masking.ts';
import { currentRequestId } from './request-context.ts';
import { serviceName } from './service-name.ts';

export type Logger = PinoLogger;

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

let lines: string[] = [];

/** Lines of one turn of the event loop leave in one write, those of the last turn at the exit of the process. */
const standardOutput = {
  write(line: string): void {
    if (lines.push(line) === 1) setImmediate(flush);
  },
};

function flush(): void {
  if (lines.length === 0) return;
  const text = lines.join('');
  lines = [];
  process.stdout.write(text);
}
process.on('exit', flush);

/**
 * A logger that writes one JSON object per line to stdout: time, level, service, logger, msg, and `traceId` and `requestId`
 * where there are some. Nothing that looks like a secret leaves it (see `maskSecrets`). `TOLLGATE_LOG_LEVEL` sets the
 * level (default `info`).
 * @param name the part of the service that speaks, for example `relay`
 * @param destination where lines go instead of stdout
 */
export function createLogger(name: string, destination: { write(line: string): void } = standardOutput): Logger {
  const wished = process.env['TOLLGATE_LOG_LEVEL'] ?? 'info';
  const masked: DestinationStream = { write: (line) => void destination.write(maskSecrets(line)) };
  return pino(
    {
      level: levels.includes(wished) ? wished : 'info',
      base: { logger: name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ service: serviceName(), traceId: currentTraceId(), requestId: currentRequestId() }),
      serializers: { err: describeError, error: describeError },
    },
    masked,
  );
}

/** The id of the active trace, if there is one. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/**
 * What a log line says of an error: type, code, message, stack and causes. Other members are left out, because drivers
 * put values of rows there (`detail` of a Postgres error names the key that exists already).
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Object) || !('message' in error)) return error;
  const { name, message, stack, code, cause } = error as Error & { code?: unknown };
  return {
    type: name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message,
    stack,
    ...(cause !== undefined && depth < 3 ? { cause: describeError(cause, depth + 1) } : {}),
  };
}
