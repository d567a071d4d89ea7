export { createClient, TollgateClient, type CallOptions, type ClientOptions, type RefusedCall } from './client.ts';
export type { Namespaces } from './namespaces.ts';
