import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { balanceGet, TollgateError, type Balance } from '@tollgate/contracts';
import { nothingPaid } from '../../domain/main-facts.ts';
import { READ_MODEL, type ReadModel } from '../ports.ts';
import { BalanceBooks } from './books.ts';
import { MAIN_READER, type MainReader } from './ports.ts';
import { balanceAnswer } from './present.ts';

/** The balance as it is now: what was topped up before this call is in it. */
@Handles(balanceGet)
export class GetBalance implements OperationHandler<typeof balanceGet> {
  constructor(
    @Inject(MAIN_READER) private readonly main: MainReader,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    private readonly books: BalanceBooks,
  ) {}

  async execute({ input }: OperationMessage<typeof balanceGet>): Promise<Balance> {
    const { org: orgId, atLeast } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const keys = (['organization', 'balance'] as const).map((kind) => ({ kind, id: orgId }));
    const organization = (await this.main.read(keys)).of('organization', orgId);
    if (!organization) throw new TollgateError('NOT_FOUND', 'There is no such organization for this caller.');
    const { balance } = await this.books.settle(orgId);
    const paid = (await this.main.read(keys)).of('balance', orgId) ?? nothingPaid;
    return balanceAnswer(orgId, balance, organization, paid);
  }
}
