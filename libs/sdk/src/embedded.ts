import { TollgateError, type Decision, type VerifyRequest } from '@tollgate/contracts';
import { NatsAuthority, NatsUsageSink, UsageReporter, VerifierHost, type ReplicaState } from '@tollgate/verifier-host';
import { NatsCaller } from './nats-caller.ts';
import type { TokenVerifier } from './token-verifier.ts';

export interface EmbeddedVerifierOptions {
  readonly natsUrl: string;
  /** The path of a `.creds` file with the grant `embedded-verifier`, or its contents. */
  readonly creds?: string;
  /** How long the start may take until everything is in memory and the lease is held; 30,000 by default. */
  readonly readyWithinMs?: number;
}

/** A verifier in this process: it answers from memory, at the speed of a hash. */
export interface EmbeddedVerifier extends TokenVerifier {
  /** How far the replica is, and what is left of the lease. */
  state(): ReplicaState;
  /** Stops accepting, gives the lease back, so that no revoke waits for this process, and reports what it counted last. */
  close(): Promise<void>;
}

/** See `createEmbeddedVerifier`. */
export async function startEmbeddedVerifier(options: EmbeddedVerifierOptions): Promise<EmbeddedVerifier> {
  const { natsUrl, creds, readyWithinMs = 30_000 } = options;
  const caller = await NatsCaller.connect({ url: natsUrl, ...(creds === undefined ? {} : { creds }) });
  const host = new VerifierHost(new NatsAuthority(caller));
  const usage = new UsageReporter({
    incarnation: host.incarnation,
    now: () => host.authorityTimeMs(),
    sink: new NatsUsageSink(caller),
  });
  const close = async () => {
    await host.stop();
    await usage.stop();
    await caller.close();
  };
  host.start();
  usage.start();
  const deadline = performance.now() + readyWithinMs;
  while (!host.state().lease.ok) {
    if (performance.now() > deadline) {
      await close();
      throw new TollgateError(
        'SERVICE_UNAVAILABLE',
        `The verifier was not ready within ${readyWithinMs} ms. Does its NATS user have the grant embedded-verifier, and does Tollgate run?`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    state: () => host.state(),
    verify: async (request: VerifyRequest): Promise<Decision> => {
      const decision = await host.verifier.verify(request);
      usage.count(decision);
      if (decision.code !== 'UNDECIDABLE') return decision;
      throw new TollgateError(
        'UNDECIDABLE',
        `This verifier cannot decide (${decision.reason}). Treat the token as refused, and try again.`,
      );
    },
    close,
  };
}
