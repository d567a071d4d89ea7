import type { NatsServiceStrategy } from '@tollgate/bus';
import { tokensVerify, tokensVerifyBatch } from '@tollgate/contracts';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { verifyAtOnce } from './at-once.ts';

/** Serves verifications on NATS. The caller's permission on the subject is enough; there is no JWT. */
export function serveOnBus(strategy: NatsServiceStrategy, calls: VerifyCalls): void {
  strategy.serveDirectly(tokensVerify, (request) => calls.verify(request));
  strategy.serveAtOnce(tokensVerify, verifyAtOnce(calls));
  strategy.serveDirectly(tokensVerifyBatch, (input) => calls.verifyBatch(input));
}
