export { readConfiguration, type Configuration } from './configuration.ts';
export { cached, HealthRegistry, type HealthCheck, type Readiness } from './health.ts';
export type { AtOnceRoute } from './http/at-once.ts';
export { bodyLimitBytes, installProblemReplies, problemServerOptions, sendProblem } from './http/problem-replies.ts';
export type { FastifyInstance, FastifyReply, FastifyRequest } from './http/problem-replies.ts';
export { runService } from './run-service.ts';
export { startService, type RunningService, type ServiceDefinition } from './service.ts';
export * from './tokens.ts';
export { loadOrCreateSecret } from './secret-file.ts';
