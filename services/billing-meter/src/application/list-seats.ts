import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingSeats, decodeCursor, encodeCursor, type OutputOf } from '@tollgate/contracts';
import { seatAnswer } from '../domain/seat-answer.ts';
import { authorityNow, openLedger } from './open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from './ports.ts';

const list = billingSeats.name;

/** The seats of an organization in the order in which they opened. New ones come at the end, so no page shifts. */
@Handles(billingSeats)
export class ListSeats implements OperationHandler<typeof billingSeats> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input }: OperationMessage<typeof billingSeats>): Promise<OutputOf<typeof billingSeats>> {
    const { org: orgId, atLeast, cursor, limit } = input;
    const afterPosition = cursor === undefined ? 0 : Number(decodeCursor(list, orgId, cursor, ['number'])[0]);
    // One more than is shown tells whether there is a next page.
    const page = { afterPosition, limit: limit + 1 };
    const ledger = await openLedger(this.ledgers, this.readModel, { orgId, atLeast, page });
    const now = authorityNow(ledger);
    const shown = ledger.seats.slice(0, limit);
    const last = ledger.seats.length > limit ? shown.at(-1) : undefined;
    return {
      items: shown.map((seat) => seatAnswer(seat, ledger.subscriber, ledger.prices, now)),
      nextCursor: last ? encodeCursor(list, orgId, [last.openedPosition]) : null,
    };
  }
}
