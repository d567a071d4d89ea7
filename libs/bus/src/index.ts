export * from './bus.ts';
export * from './call-context.ts';
export * from './call-headers.ts';
export * from './handlers.ts';
export * from './input.ts';
export * from './operations-controller.ts';
export * from './outage.ts';
export * from './principal-resolver.ts';
export { NatsServiceStrategy, type AtOnceAnswer, type DirectHandler, type StrategyOptions } from './strategy.ts';
