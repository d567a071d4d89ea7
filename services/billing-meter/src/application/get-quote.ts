import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingQuote, type Quote } from '@tollgate/contracts';
import { quote } from '../domain/quote.ts';
import { authorityNow, openLedger } from './open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from './ports.ts';

/** What one more seat costs, now or at another instant. */
@Handles(billingQuote)
export class GetQuote implements OperationHandler<typeof billingQuote> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input }: OperationMessage<typeof billingQuote>): Promise<Quote> {
    const { org: orgId, atLeast, product, scope, at } = input;
    const ledger = await openLedger(this.ledgers, this.readModel, { orgId, atLeast });
    return quote({ ...ledger, product, scope, at: at ?? authorityNow(ledger) });
  }
}
