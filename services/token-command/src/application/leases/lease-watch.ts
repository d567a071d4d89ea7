import { Inject, Injectable } from '@nestjs/common';
import { createLogger } from '@tollgate/telemetry';
import { LEASE_TERMS, LEASES } from '../ports.ts';
import type { LeaseMark, Leases, LeaseTerms } from './ports.ts';

const logger = createLogger('leases');

/**
 * Notices that lease rows may have been lost, and vouches for what is there once every lease that may be missing has ended:
 * L + M after it noticed, on this process's monotonic clock. Until the rows are vouched for, by this process or another
 * one, each barrier waits for the whole lease.
 */
@Injectable()
export class LeaseWatch {
  readonly #leases: Leases;
  readonly #longestMs: number;
  #noticed: { readonly state: string; readonly atMs: number } | null = null;
  #asking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(@Inject(LEASES) leases: Leases, @Inject(LEASE_TERMS) { leaseMs, marginMs }: LeaseTerms) {
    this.#leases = leases;
    this.#longestMs = leaseMs + marginMs;
  }

  /** Looks every `everyMs`, and at once. */
  start(everyMs: number): void {
    this.#timer = setInterval(() => void this.look(), everyMs);
    void this.look();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Reads the mark and does what follows from it. Never rejects: a Postgres that is away is asked again. */
  look(): Promise<void> {
    this.#asking ??= this.#look()
      .catch((error: Error) => logger.debug({ err: error }, 'the mark of the leases cannot be read'))
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #look(): Promise<void> {
    const mark = await this.#leases.mark();
    this.notice(mark);
    if (this.#noticed && performance.now() - this.#noticed.atMs >= this.#longestMs) {
      await this.#leases.vouch(this.#noticed.state);
      logger.info('every lease that may have been lost has ended');
    }
  }

  /** A mark was read: a state that is not the one noticed before begins the wait anew. */
  notice({ intact, state }: LeaseMark): void {
    if (intact) this.#noticed = null;
    else if (this.#noticed?.state !== state) {
      this.#noticed = { state, atMs: performance.now() };
      logger.warn(
        { state },
        'leases may have been lost (Postgres was started anew, or restored): narrowing changes wait for a whole lease',
      );
    }
  }
}
