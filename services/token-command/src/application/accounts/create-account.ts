import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsCreate } from '@tollgate/contracts';
import { account, createAccount } from '../../domain/account.ts';
import { organization, theOrganization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';
import { type People, PEOPLE } from '../ports.ts';
import { Owners } from './owners.ts';
import { presentAccount } from './present.ts';

@Handles(accountsCreate)
export class CreateAccount implements OperationHandler<typeof accountsCreate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly owners: Owners,
    @Inject(PEOPLE) private readonly people: People,
  ) {}

  async execute(message: OperationMessage<typeof accountsCreate>) {
    const { org, kind, name, email = null, role, externalSubject = null } = message.input;
    const accountId = newId('acc');
    const asker = message.call.principal ?? { type: 'service' as const };
    const witnesses = asker.type === 'operator' ? await this.owners.witnesses(org) : [];
    const outcome = await this.commands.run({
      operation: accountsCreate,
      message,
      orgId: org,
      aggregate: account,
      id: accountId,
      restsOn: [[organization, org], ...witnesses],
      person: { table: 'people', accountId, orgId: org, name, email, externalSubject },
      decide: (state, context) => {
        theOrganization(context.of(organization, org).state);
        return createAccount(state, { accountId, kind, role, asker, hasOwner: Owners.hold(witnesses, context) });
      },
    });
    const created = outcome.state.status === 'none' ? accountId : outcome.state.id;
    const person = (await this.people.find([created])).get(created);
    return { account: presentAccount(outcome, person), position: outcome.position };
  }
}
