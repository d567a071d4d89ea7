export type { Authority } from './authority.ts';
export { NatsAuthority, type AuthorityClient } from './nats-authority.ts';
export { compareReplicas, replay } from './rebuild.ts';
export { VerifierHost, type ReplicaState } from './verifier-host.ts';
