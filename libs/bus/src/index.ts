export * from './call-context.ts';
export * from './handlers.ts';
export * from './operations-controller.ts';
