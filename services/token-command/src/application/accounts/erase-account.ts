import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsErase } from '@tollgate/contracts';
import { account, eraseAccount } from '../../domain/account.ts';
import { CommandRunner } from '../command-runner.ts';
import { type People, PEOPLE } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { presentAccount } from './present.ts';

@Handles(accountsErase)
export class EraseAccount implements OperationHandler<typeof accountsErase> {
  constructor(
    private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
  ) {}

  async execute(message: OperationMessage<typeof accountsErase>) {
    const { org, acc } = message.input;
    // The event first, then the rows: nothing brings a row back, so none goes before the decision is committed, and no
    // erasure goes unrecorded. If this process ends in between, the rows are there still; the caller, who got no answer,
    // calls again, and that call decides nothing and deletes them.
    const outcome = await this.commands.run({
      operation: accountsErase,
      message,
      orgId: org,
      aggregate: account,
      id: acc,
      visible: ofThisOrganization(org, 'account'),
      decide: (state) => eraseAccount(state),
    });
    await this.people.erase(acc);
    return { account: presentAccount(outcome, undefined), position: outcome.position };
  }
}
