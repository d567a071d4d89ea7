import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsSetRole } from '@tollgate/contracts';
import { account, changeRole } from '../../domain/account.ts';
import { CommandRunner } from '../command-runner.ts';
import { type People, PEOPLE } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { Owners } from './owners.ts';
import { presentAccount } from './present.ts';

@Handles(accountsSetRole)
export class SetRole implements OperationHandler<typeof accountsSetRole> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly owners: Owners,
    @Inject(PEOPLE) private readonly people: People,
  ) {}

  async execute(message: OperationMessage<typeof accountsSetRole>) {
    const { org, acc, role } = message.input;
    const witnesses = await this.owners.witnesses(org, acc);
    const outcome = await this.commands.run({
      operation: accountsSetRole,
      message,
      orgId: org,
      aggregate: account,
      id: acc,
      restsOn: witnesses,
      visible: ofThisOrganization(org, 'account'),
      decide: (state, context) => changeRole(state, { role, anotherOwner: Owners.hold(witnesses, context) }),
    });
    return { account: presentAccount(outcome, (await this.people.find([acc])).get(acc)), position: outcome.position };
  }
}
