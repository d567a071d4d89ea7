import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingAccrual, decodeCursor, encodeCursor, type OutputOf } from '@tollgate/contracts';
import { linesOf, sumOf } from '../../domain/lines.ts';
import { periodAt } from '../../domain/periods.ts';
import { closedAt } from '../../domain/seat.ts';
import { authorityNow, openLedger } from '../open-ledger.ts';
import { lineIds } from '../line-ids.ts';
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
    const seats = await this.statements.seatsWithin(orgId, period);
    const worked = linesOf({
      subscriber,
      prices,
      period,
      tzdb: process.versions['tz'] ?? 'unknown',
      asOf: Number.MAX_SAFE_INTEGER,
      idOf: lineIds(orgId),
    });
    const { currency, billing } = subscriber;
    const money = (amount: bigint) => ({ amount: String(amount), currency });
    let [accrued, projected] = [0n, 0n];
    const shown = [];
    for (const seat of seats) {
      const soFar = sumOf(worked(seat, Date.parse(at)));
      const atEnd = sumOf(worked(seat));
      accrued += soFar;
      projected += atEnd;
      if (seat.openedPosition > after && shown.length <= limit) shown.push({ seat, soFar, atEnd });
    }
    const items = shown.slice(0, limit);
    const last = shown.length > limit ? items.at(-1) : undefined;
    return {
      at,
      period,
      policy: billing.policy,
      accrued: money(accrued),
      projected: money(projected),
      seats: seats.length,
      items: items.map(({ seat, soFar, atEnd }) => ({
        tokenId: seat.tokenId,
        accountId: seat.accountId,
        product: seat.product,
        scope: seat.scope,
        billable: seat.billable,
        openedAt: seat.openedAt,
        closedAt: closedAt(seat, at),
        accrued: money(soFar),
        projected: money(atEnd),
      })),
      nextCursor: last ? encodeCursor(list, orgId, [last.seat.openedPosition]) : null,
    };
  }
}
