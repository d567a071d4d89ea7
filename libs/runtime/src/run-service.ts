import { createLogger, startTelemetry, stopTelemetry } from '@tollgate/telemetry';
import { startService, type RunningService, type ServiceDefinition } from './service.ts';

/** A shutdown that takes longer than this is cut off. */
const shutdownMs = 10_000;

/**
 * The whole of a service's `main.ts`. Runs until SIGTERM, SIGINT, or the end of its IPC channel if it has one (the launcher
 * that started it is gone); then it stops in order and exits with status 0. A start that fails exits with status 1 and
 * says why in one log line. Prints nothing but JSON log lines.
 */
export async function runService(definition: ServiceDefinition): Promise<void> {
  startTelemetry(definition.name);
  const logger = createLogger('process');
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'the process ends: something failed that nobody handles');
      process.exit(1);
    });
  }

  let service: RunningService | undefined;
  let ending = false;
  const end = async (why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    logger.info({ why }, 'stopping');
    setTimeout(() => process.exit(1), shutdownMs).unref();
    await service?.stop().catch((error: unknown) => logger.error({ err: error }, 'the shutdown failed'));
    await stopTelemetry();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));
  if (process.connected) process.on('disconnect', () => void end('the launcher is gone'));

  try {
    service = await startService(definition);
    logger.info({ url: service.url }, 'ready to serve');
  } catch (error) {
    logger.fatal(
      { err: error },
      `${definition.name} cannot start: ${error instanceof Error ? error.message : 'an unknown error'}`,
    );
    process.exit(1);
  }
}
