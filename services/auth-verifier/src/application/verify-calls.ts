import { TollgateError, type Decision, type DecisionCode, type VerifyRequest } from '@tollgate/contracts';
import { meter } from '@tollgate/telemetry';
import type { Verifier } from '@tollgate/verifier';

/** Decisions by code. Counted in plain numbers, because this runs on every verification. */
const counts = new Map<DecisionCode, number>();
meter
  .createObservableCounter('tollgate_verifications', { description: 'Verifications by the code of their decision' })
  .addCallback((result) => {
    for (const [code, count] of counts) result.observe(count, { code });
  });

/** The two operations of the data plane, the same for HTTP and NATS. Inputs have passed their schema. */
export class VerifyCalls {
  readonly #verifier: Verifier;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /**
   * The decision on one request; a promise only if something has to be waited for.
   * @throws TollgateError UNDECIDABLE, INVALID_INPUT, SPACE_REQUIRED
   */
  verify(request: VerifyRequest): Decision | Promise<Decision> {
    const decision = this.#verifier.verify(request);
    return decision instanceof Promise ? decision.then(answer) : answer(decision);
  }

  /**
   * The decision on one request, UNDECIDABLE among them, for who answers with statuses.
   * @throws TollgateError INVALID_INPUT, SPACE_REQUIRED
   */
  async decide(request: VerifyRequest): Promise<Decision> {
    const decision = await this.#verifier.verify(request);
    count(decision);
    return decision;
  }

  /** Every decision in the place of its request, the undecidable ones among them. */
  async verifyBatch({ requests }: { requests: readonly VerifyRequest[] }): Promise<{ decisions: Decision[] }> {
    const decisions = await this.#verifier.verifyAll(requests);
    for (const decision of decisions) count(decision);
    return { decisions };
  }
}

function answer(decision: Decision): Decision {
  count(decision);
  if (decision.code !== 'UNDECIDABLE') return decision;
  throw new TollgateError(
    'UNDECIDABLE',
    decision.reason === 'behind'
      ? 'This verifier has not applied all that the decision needs (behind). Treat the token as refused, and try again.'
      : 'This verifier holds no lease (no-lease). Treat the token as refused, and try again.',
  );
}

function count({ code }: Decision): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
