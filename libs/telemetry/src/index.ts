export { createDurationHistogram, type DurationHistogram, type DurationSeries } from './durations.ts';
export { createLogger, currentTraceId, type Logger } from './logger.ts';
export { maskSecrets } from './masking.ts';
export { meter, metricsHandler } from './metrics.ts';
export { currentRequestId, withRequest } from './request-context.ts';
export { serviceName } from './service-name.ts';
export { nameHttpRoute, startTelemetry, stopTelemetry } from './start.ts';
export * from './tracing.ts';
export { MinuteCounts, type MinuteCount } from './minute-counts.ts';
