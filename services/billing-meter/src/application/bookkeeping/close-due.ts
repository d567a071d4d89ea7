import { setTimeout as sleep } from 'node:timers/promises';
import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingCloseDue, TollgateError } from '@tollgate/contracts';
import { Clerk } from './clerk.ts';
import { BOOKS, LEADERSHIP, type Books, type Leadership } from './ports.ts';

const againMs = 50;
const answerWithinMs = 4_000;

/**
 * Answers once everything that was due at the authority time of a position is booked: by this process if it leads, else it
 * waits for the one that does.
 */
@Handles(billingCloseDue)
export class CloseDue implements OperationHandler<typeof billingCloseDue> {
  constructor(
    private readonly clerk: Clerk,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(LEADERSHIP) private readonly leadership: Leadership,
  ) {}

  async execute({ input }: OperationMessage<typeof billingCloseDue>): Promise<{ position: number }> {
    const untilMs = performance.now() + answerWithinMs;
    while (performance.now() < untilMs) {
      const reached = await Promise.race([this.#booked(), sleep(untilMs - performance.now(), 0)]);
      if (reached >= input.position) return { position: reached };
      await sleep(againMs);
    }
    throw new TollgateError('READ_MODEL_BEHIND', 'The closings that fell due are not done yet. Ask again shortly.');
  }

  /** The position of the main log up to which everything is booked. */
  async #booked(): Promise<number> {
    if (await this.leadership.lead()) return (await this.clerk.pass()).position;
    return (await this.books.progress()).position;
  }
}
