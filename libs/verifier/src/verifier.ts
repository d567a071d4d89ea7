import {
  isTollgateError,
  TollgateError,
  type Decision,
  type DecisionReason,
  type VerifyRequest,
} from '@tollgate/contracts';
import { decide, type DecisionCore } from './decide.ts';
import type { Follower } from './follower.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** Where the primary stands (operation `log.read` with limit 0). */
export interface PrimaryHead {
  readonly logId: string;
  readonly head: number;
  readonly authorityTimeMs: number;
}

export interface VerifierPorts {
  /** Monotonic milliseconds, the same clock as the lease keeper's. */
  clock(): number;
  /** Asks the primary; rejects when it can't be reached. */
  primaryHead(): Promise<PrimaryHead>;
  /** The primary has this position, so the replica can get there: read the log if the feed does not bring it. */
  noteHead(position: number): void;
}

/** How long a request waits for the replica to reach a position. */
const waitMs = 2000;

/** Answers verifications: decides on the replica and lets the answer out only under a lease, or after a read of the primary. */
export class Verifier {
  readonly #follower: Follower;
  readonly #keeper: LeaseKeeper;
  readonly #ports: VerifierPorts;
  readonly #idPrefix: string;
  #counter = 0;

  /** @param incarnation random for each process, so that no two decisions ever have the same id */
  constructor(follower: Follower, keeper: LeaseKeeper, incarnation: string, ports: VerifierPorts) {
    this.#follower = follower;
    this.#keeper = keeper;
    this.#ports = ports;
    this.#idPrefix = `dec_${incarnation}_`;
  }

  /**
   * The decision on one request, UNDECIDABLE among them: without a lease, or when the replica is behind what the request
   * needs. Returned at once when nothing has to be waited for. Throws INVALID_INPUT and SPACE_REQUIRED.
   */
  verify(request: VerifyRequest): Decision | Promise<Decision> {
    return this.#verify(request, () => this.#ports.primaryHead());
  }

  #verify(request: VerifyRequest, primaryHead: () => Promise<PrimaryHead>): Decision | Promise<Decision> {
    if (request.strict) return this.#verifyStrictly(request, primaryHead);
    const { atLeast } = request;
    if (atLeast !== undefined && atLeast > this.#follower.replica.applied) return this.#verifyAfter(atLeast, request);
    return this.#verifyUnderLease(request);
  }

  /** The decisions on several requests, in their order. A request that is refused refuses them all and is named by its place. */
  async verifyAll(requests: readonly VerifyRequest[]): Promise<Decision[]> {
    // All of them began before this read, so one read of the primary serves all that are strict.
    let head: Promise<PrimaryHead> | undefined;
    const primaryHead = () => (head ??= this.#ports.primaryHead());
    return Promise.all(
      requests.map(async (request, index) => {
        try {
          return await this.#verify(request, primaryHead);
        } catch (error) {
          throw isTollgateError(error) ? inBatch(error, index) : error;
        }
      }),
    );
  }

  #verifyUnderLease(request: VerifyRequest): Decision {
    const { replica } = this.#follower;
    const outcome = attempt(() => decide(replica, request, this.#keeper.authorityClock.at(this.#ports.clock())));
    // Last, just before the answer leaves: whatever time passed before this line counts against the lease.
    const lease = this.#keeper.check(replica.applied);
    if (!lease.ok) return this.#undecidable(lease.reason);
    return this.#finish(outcome(), lease.remainingMs);
  }

  async #verifyAfter(position: number, request: VerifyRequest): Promise<Decision> {
    if (!(await this.#follower.waitFor(position, waitMs))) return this.#undecidable('behind');
    return this.#verifyUnderLease(request);
  }

  /** Needs no lease: the head is read from the primary after the request began, and the replica has applied it. */
  async #verifyStrictly(request: VerifyRequest, primaryHead: () => Promise<PrimaryHead>): Promise<Decision> {
    const askedAt = this.#ports.clock();
    const primary = await primaryHead().catch(() => null);
    if (primary === null) return this.#undecidable('behind');
    const position = Math.max(primary.head, request.atLeast ?? 0);
    if (position > this.#follower.replica.applied) {
      this.#ports.noteHead(primary.head);
      if (!(await this.#follower.waitFor(position, waitMs))) return this.#undecidable('behind');
    }
    const { replica } = this.#follower;
    // Another log than the primary's, from the start or since a change while this waited.
    if (replica.logId !== primary.logId) return this.#undecidable('behind');
    const now = this.#ports.clock();
    const core = decide(replica, request, primary.authorityTimeMs + (now - askedAt));
    return this.#finish(core, this.#keeper.check(replica.applied).remainingMs);
  }

  #finish(core: DecisionCore, leaseRemainingMs: number): Decision {
    return {
      ...core,
      decisionId: this.#idPrefix + (this.#counter++).toString(36),
      position: this.#follower.replica.applied,
      leaseRemainingMs: Math.floor(leaseRemainingMs),
    };
  }

  #undecidable(reason: DecisionReason): Decision {
    return this.#finish({ valid: false, code: 'UNDECIDABLE', reason }, 0);
  }
}

/** Runs `work` now and hands its outcome out later: a refusal, too, may only leave under a lease. */
function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function inBatch(error: TollgateError, index: number): TollgateError {
  const errors = error.errors?.map(({ path, message }) => ({ path: `requests[${index}].${path}`, message }));
  return new TollgateError(error.code, `requests[${index}]: ${error.message}`, errors);
}
