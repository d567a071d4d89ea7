import type { Bus } from '@tollgate/bus';
import { createLogger } from '@tollgate/telemetry';
import type { Signals } from '../application/leases/ports.ts';

const logger = createLogger('signals');

/** Signals as JSON on core NATS. One that cannot be sent or read is lost, which the barrier and the lease allow for. */
export class NatsSignals implements Signals {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  publish(subject: string, body: unknown): void {
    if (this.#bus.connected) this.#bus.publish(subject, body);
  }

  subscribe(subject: string, onMessage: (body: unknown) => void): () => void {
    const subscription = this.#bus.subscribe(subject, (message) => {
      try {
        onMessage(message.json());
      } catch (error) {
        logger.warn({ err: error, subject }, 'a signal could not be read');
      }
    });
    return () => subscription.unsubscribe();
  }
}
