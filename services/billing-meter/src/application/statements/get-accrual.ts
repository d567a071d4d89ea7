import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingAccrual, decodeCursor, encodeCursor, type OutputOf } from '@tollgate/contracts';
import { costsOf } from '../../domain/lines.ts';
import { periodAt } from '../../domain/periods.ts';
import { closedAt, endOf, type Seat } from '../../domain/seat.ts';
import { authorityNow, openLedger } from '../open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from '../ports.ts';
import { STATEMENTS, type Statements } from './ports.ts';

const list = billingAccrual.name;

/** What a period has cost up to an instant, and will cost by its end if nothing changes: the lines it would have. */
@Handles(billingAccrual)
export class GetAccrual implements OperationHandler<typeof billingAccrual> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingAccrual>): Promise<OutputOf<typeof billingAccrual>> {
    const { org: orgId, atLeast, limit, cursor } = input;
    const after = cursor === undefined ? 0 : Number(decodeCursor(list, orgId, cursor, ['number'])[0]);
    const { subscriber, prices, clockOffsetMs } = await openLedger(this.ledgers, this.readModel, { orgId, atLeast });
    const at = input.at ?? authorityNow({ clockOffsetMs });
    const period = periodAt(subscriber, at);
    const cost = costsOf({ subscriber, prices, period, asOf: Number.MAX_SAFE_INTEGER });
    const atMs = Date.parse(at);
    let [accrued, projected, seats] = [0n, 0n, 0];
    for (const stretch of await this.statements.stretchesWithin(orgId, period)) {
      const { startMs, endMs } = stretch;
      accrued += cost(stretch, startMs, Math.min(endMs, atMs)) * BigInt(stretch.seats);
      projected += cost(stretch, startMs, endMs) * BigInt(stretch.seats);
      seats += stretch.seats;
    }
    // One more than is shown tells whether there is a next page.
    const found = await this.statements.seatsWithin(orgId, period, after, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    const { currency, billing } = subscriber;
    const money = (amount: bigint) => ({ amount: String(amount), currency });
    return {
      at,
      period,
      policy: billing.policy,
      accrued: money(accrued),
      projected: money(projected),
      seats,
      items: shown.map((seat) => {
        const { tokenId, accountId, product, scope, billable, openedAt } = seat;
        const [openedMs, endMs] = [Date.parse(openedAt), endMsOf(seat)];
        return {
          ...{ tokenId, accountId, product, scope, billable, openedAt },
          closedAt: closedAt(seat, at),
          accrued: money(cost(seat, openedMs, Math.min(endMs, atMs))),
          projected: money(cost(seat, openedMs, endMs)),
        };
      }),
      nextCursor: last ? encodeCursor(list, orgId, [last.openedPosition]) : null,
    };
  }
}

function endMsOf(seat: Seat): number {
  const end = endOf(seat);
  return end ? Date.parse(end.at) : Infinity;
}
