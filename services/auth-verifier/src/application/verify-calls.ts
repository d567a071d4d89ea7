import {
  TollgateError,
  type Decision,
  type DecisionCode,
  type DecisionReason,
  type VerifyRequest,
} from '@tollgate/contracts';
import { meter } from '@tollgate/telemetry';
import type { Verifier } from '@tollgate/verifier';
import type { TokenDescription, TokenDirectory } from './ports.ts';

/** Decisions by code, refusals by reason. Counted in plain numbers, because this runs on every verification. */
const counts = new Map<DecisionCode, number>();
const refusals = new Map<DecisionReason | 'missing', number>();
meter
  .createObservableCounter('tollgate_verifications', { description: 'Verifications by the code of their decision' })
  .addCallback((result) => {
    for (const [code, count] of counts) result.observe(count, { code });
  });
meter
  .createObservableCounter('tollgate_refusals', {
    description: 'Verifications that were not accepted, by reason, known tokens and unknown ones alike',
  })
  .addCallback((result) => {
    for (const [reason, count] of refusals) result.observe(count, { reason });
  });

/** Told of every decision that leaves. */
export interface DecisionListener {
  count(decision: Decision): void;
}

/** What the data plane answers, the same for HTTP and NATS. Inputs have passed their schema. */
export class VerifyCalls {
  readonly #verifier: Verifier;
  readonly #directory: TokenDirectory;
  readonly #listener: DecisionListener;

  constructor(verifier: Verifier, directory: TokenDirectory, listener: DecisionListener) {
    this.#verifier = verifier;
    this.#directory = directory;
    this.#listener = listener;
  }

  /**
   * The decision on one request; a promise only if something has to be waited for.
   * @throws TollgateError UNDECIDABLE, INVALID_INPUT, SPACE_REQUIRED
   */
  verify(request: VerifyRequest): Decision | Promise<Decision> {
    const decision = this.#verifier.verify(request);
    return decision instanceof Promise
      ? decision.then((later) => decidedOrThrow(this.#count(later)))
      : decidedOrThrow(this.#count(decision));
  }

  /**
   * The decision on a plain request; null when there is none now: then nothing was counted, and `verify` is to be asked.
   * @throws TollgateError INVALID_INPUT, SPACE_REQUIRED
   */
  verifyAtOnce(request: VerifyRequest): Decision | null {
    const decision = this.#verifier.verify(request);
    return decision instanceof Promise || decision.code === 'UNDECIDABLE' ? null : this.#count(decision);
  }

  /**
   * The decision on one request, UNDECIDABLE among them, for who answers with statuses.
   * @throws TollgateError INVALID_INPUT, SPACE_REQUIRED
   */
  async decide(request: VerifyRequest): Promise<Decision> {
    return this.#count(await this.#verifier.verify(request));
  }

  /** Every decision in the place of its request, the undecidable ones among them. */
  async verifyBatch({ requests }: { requests: readonly VerifyRequest[] }): Promise<{ decisions: Decision[] }> {
    const decisions = await this.#verifier.verifyAll(requests);
    for (const decision of decisions) this.#count(decision);
    return { decisions };
  }

  /**
   * Who a token is, for whoever bears it, of whatever product and environment. The description comes with a decision that
   * is valid.
   * @throws TollgateError SERVICE_UNAVAILABLE when token-command cannot be asked
   */
  async whoIs(token: string): Promise<{ decision: Decision; description: TokenDescription | null }> {
    const first = await this.#verifier.verify({ token });
    const asked = first.valid || first.reason === 'product' || first.reason === 'environment';
    if (!asked) return { decision: this.#count(first), description: null };
    const description = await this.#directory.describe(first.orgId as string, first.tokenId as string);
    // Decided again after the description was read: what it tells must not outlive the token.
    const { product, environment } = description;
    const decision = await this.#verifier.verify({ token, product, environment: environment ?? 'live' });
    this.#count(decision);
    return { decision, description: decision.valid ? description : null };
  }

  #count(decision: Decision): Decision {
    const { code, valid, reason = 'missing' } = decision;
    counts.set(code, (counts.get(code) ?? 0) + 1);
    if (!valid) refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    this.#listener.count(decision);
    return decision;
  }
}

function decidedOrThrow(decision: Decision): Decision {
  if (decision.code !== 'UNDECIDABLE') return decision;
  throw new TollgateError(
    'UNDECIDABLE',
    decision.reason === 'behind'
      ? 'This verifier has not applied all that the decision needs (behind). Treat the token as refused, and try again.'
      : 'This verifier holds no lease (no-lease). Treat the token as refused, and try again.',
  );
}
