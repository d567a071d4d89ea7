import { setTimeout as sleep } from 'node:timers/promises';
import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingCloseDue, TollgateError } from '@tollgate/contracts';
import { Clerk } from './clerk.ts';
import { BOOKS, LEADERSHIP, type Books, type Leadership } from './ports.ts';

const againMs = 100;

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
    const untilMs = performance.now() + (billingCloseDue.timeoutMs ?? 10_000) - 5_000;
    while (performance.now() < untilMs) {
      if (await this.leadership.lead()) {
        const { position } = await this.clerk.pass();
        if (position >= input.position) return { position };
      } else {
        const { position } = await this.books.progress();
        if (position >= input.position) return { position };
      }
      await sleep(againMs);
    }
    throw new TollgateError('READ_MODEL_BEHIND', 'The closings that fell due are not done yet. Ask again shortly.');
  }
}
