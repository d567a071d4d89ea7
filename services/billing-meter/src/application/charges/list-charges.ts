import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import {
  chargesGet,
  chargesList,
  decodeCursor,
  encodeCursor,
  isTollgateError,
  TollgateError,
  type Charge,
  type OutputOf,
} from '@tollgate/contracts';
import { openLedger } from '../open-ledger.ts';
import { LEDGER_MODEL, LEDGERS, READ_MODEL, type LedgerModel, type Ledgers, type ReadModel } from '../ports.ts';
import { BALANCE_STORE, CHARGE_LIST, type BalanceStore, type ChargeList } from './ports.ts';
import { chargeAnswer } from './present.ts';

const list = chargesList.name;

/** The charges of an organization, newest first. New ones come at the front, so a page that was begun does not shift. */
@Handles(chargesList)
export class ListCharges implements OperationHandler<typeof chargesList> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(LEDGER_MODEL) private readonly ledgerModel: LedgerModel,
    @Inject(CHARGE_LIST) private readonly charges: ChargeList,
  ) {}

  async execute({ input }: OperationMessage<typeof chargesList>): Promise<OutputOf<typeof chargesList>> {
    const { org: orgId, atLeast, cursor, limit, ...filter } = input;
    const before = cursor === undefined ? null : Number(decodeCursor(list, orgId, cursor, ['number'])[0]);
    await openLedger(this.ledgers, this.readModel, { orgId, atLeast });
    // Whoever has just been charged finds it here; a read model that is far behind is read as it is.
    await this.ledgerModel.catchUp().catch((error: unknown) => {
      if (!isTollgateError(error, 'READ_MODEL_BEHIND')) throw error;
    });
    const found = await this.charges.page(orgId, filter, before, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      items: shown.map(chargeAnswer),
      nextCursor: last ? encodeCursor(list, orgId, [last.opening.position]) : null,
    };
  }
}

/** One charge, from the log itself. */
@Handles(chargesGet)
export class GetCharge implements OperationHandler<typeof chargesGet> {
  constructor(@Inject(BALANCE_STORE) private readonly store: BalanceStore) {}

  async execute({ input: { org, id } }: OperationMessage<typeof chargesGet>): Promise<Charge> {
    const charge = (await this.store.find([id])).get(id);
    if (charge?.orgId === org) return chargeAnswer(charge);
    throw new TollgateError('NOT_FOUND', 'There is no such charge in this organization. List them with GET …/charges.');
  }
}
