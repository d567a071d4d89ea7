import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingEvents, decodeCursor, encodeCursor, type BillingEventPage, type RawPage } from '@tollgate/contracts';
import { openLedger } from '../open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from '../ports.ts';
import { STATEMENTS, type Statements } from './ports.ts';
import { csvPage, jsonPage } from './present.ts';

const list = billingEvents.name;
const columns = ['sequence', 'id', 'type', 'subject', 'time', 'recordedtime', 'data'] as const;
const csvRows = 300;

/** Finance's feed as a pull: the same events as in the stream `TOLLGATE_BILLING`. */
@Handles(billingEvents)
export class ListBillingEvents implements OperationHandler<typeof billingEvents> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingEvents>): Promise<RawPage> {
    const { org: orgId, format, limit, cursor } = input;
    await openLedger(this.ledgers, this.readModel, { orgId, atLeast: undefined });
    const after = cursor === undefined ? input.after : Number(decodeCursor(list, orgId, cursor, ['number'])[0]);
    const size = format === 'csv' ? csvRows : limit;
    const found = await this.statements.feed(orgId, after, size + 1);
    const shown = found.slice(0, size);
    const more = found.length > size;
    if (format === 'csv') {
      const rows = shown.map((event) => columns.map((column) => event[column]));
      const next = (count: number) => encodeCursor(list, orgId, [Number(shown[count - 1]?.sequence)]);
      return csvPage(columns, rows, { first: cursor === undefined, more, next });
    }
    const page: BillingEventPage = { items: shown, after: Number(shown.at(-1)?.sequence ?? after), more };
    return jsonPage(page);
  }
}
