export * from './authorize.ts';
export * from './development-issuer.ts';
export * from './jwt-verifier.ts';
export * from './principal.ts';
export * from './nats-users.ts';
