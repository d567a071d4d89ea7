import type { EmbeddedVerifier, EmbeddedVerifierOptions } from './embedded.ts';

export { createClient, TollgateClient, type CallOptions, type ClientOptions, type RefusedCall } from './client.ts';
export type { EmbeddedVerifier, EmbeddedVerifierOptions } from './embedded.ts';
export type { Namespaces } from './namespaces.ts';
export type { NatsOptions } from './nats-caller.ts';
export type { TokenVerifier } from './token-verifier.ts';

/**
 * Runs a verifier inside this process: all credentials in memory, fed by Tollgate, under a lease of its own. Resolves when it can
 * decide. Close it before the process ends, or revokes wait for its lease to run out.
 *
 * ```ts
 * const verifier = await createEmbeddedVerifier({ natsUrl: 'nats://127.0.0.1:4222', creds: 'embedded.creds' });
 * const decision = await verifier.verify({ token });
 * ```
 */
export async function createEmbeddedVerifier(options: EmbeddedVerifierOptions): Promise<EmbeddedVerifier> {
  // Loaded only here: who verifies over HTTP or NATS needs none of it.
  const { startEmbeddedVerifier } = await import('./embedded.ts');
  return startEmbeddedVerifier(options);
}
