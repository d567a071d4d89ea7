import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@tollgate/bus';
import { billingCloseDue, devSetClock, isTollgateError } from '@tollgate/contracts';
import type { Closings } from '../application/development/set-clock.ts';

const againMs = 250;
/** The caller of the clock is answered before it gives up. */
const waitMs = (devSetClock.timeoutMs ?? 10_000) - 10_000;

/** Asks billing-meter again and again: one that ends while it closes is started again, and goes on where it stopped. */
export class BusClosings implements Closings {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async dueAt(position: number): Promise<void> {
    const untilMs = performance.now() + waitMs;
    for (;;) {
      try {
        await this.#bus.call(billingCloseDue, { position }, { timeoutMs: billingCloseDue.timeoutMs });
        return;
      } catch (error) {
        const passes = isTollgateError(error, 'SERVICE_UNAVAILABLE') || isTollgateError(error, 'READ_MODEL_BEHIND');
        if (!passes || performance.now() > untilMs) throw error;
      }
      await sleep(againMs);
    }
  }
}
