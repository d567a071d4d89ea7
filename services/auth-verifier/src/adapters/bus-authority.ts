import { hostname } from 'node:os';
import type { Bus } from '@tollgate/bus';
import { leasesRenew, leasesReturn, logRead, subjects } from '@tollgate/contracts';
import { BusEventSource, natsFeedBus, type EventSource, type FeedBus } from '@tollgate/event-log';
import { createLogger } from '@tollgate/telemetry';
import type { Acknowledgement, Grant, PrimaryHead } from '@tollgate/verifier';
import type { Authority } from '../application/ports.ts';

const logger = createLogger('authority');
/** An answer that takes longer would bring a lease that is over, or keep a strict request waiting. */
const answerMs = 2000;

/** The authority over NATS. */
export class BusAuthority implements Authority {
  readonly source: EventSource;
  readonly feedBus: FeedBus;
  readonly #bus: Bus;
  /** For people who read the list of leases; the incarnation is what counts. */
  readonly #verifier = `${hostname().slice(0, 80)}:${process.pid}`;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.source = new BusEventSource((input) => bus.call(logRead, input));
    this.feedBus = natsFeedBus(bus.nc);
  }

  primaryHead(): Promise<PrimaryHead> {
    return this.#bus.call(logRead, { after: 0, limit: 0 }, { timeoutMs: answerMs });
  }

  renewLease(incarnation: string): Promise<Grant> {
    return this.#bus.call(leasesRenew, { incarnation, verifier: this.#verifier }, { timeoutMs: answerMs });
  }

  async returnLease(incarnation: string): Promise<void> {
    await this.#bus.call(leasesReturn, { incarnation }, { timeoutMs: answerMs });
  }

  acknowledge(acknowledgement: Acknowledgement): void {
    if (this.#bus.connected) this.#bus.publish(subjects.barrierAck, acknowledgement);
  }

  onBarrier(listener: (wake: { logId: string; position: number }) => void): () => void {
    const subscription = this.#bus.subscribe(subjects.barrierWake, (message) => {
      try {
        listener(message.json());
      } catch (error) {
        logger.warn({ err: error }, 'a wake-up of the barrier could not be read');
      }
    });
    return () => subscription.unsubscribe();
  }
}
