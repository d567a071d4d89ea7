export type { Authority } from './authority.ts';
export { NatsAuthority, type AuthorityClient } from './nats-authority.ts';
export { compareReplicas, replay } from './rebuild.ts';
export { NatsUsageSink } from './usage/nats-usage-sink.ts';
export { UsageReporter, type ReporterOptions, type UsageSink } from './usage/usage-reporter.ts';
export { VerifierHost, type ReplicaState } from './verifier-host.ts';
