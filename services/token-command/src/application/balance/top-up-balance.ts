import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { balanceTopUp } from '@tollgate/contracts';
import { balance, topUp, type TopUpRecord } from '../../domain/balance.ts';
import { organization, theOrganization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';

@Handles(balanceTopUp)
export class TopUpBalance implements OperationHandler<typeof balanceTopUp> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof balanceTopUp>) {
    const { org, amountMicros, reference } = message.input;
    const { state } = await this.commands.run({
      operation: balanceTopUp,
      message,
      orgId: org,
      aggregate: balance,
      id: org,
      restsOn: [[organization, org]],
      decide: (before, context) => {
        theOrganization(context.of(organization, org).state);
        return topUp(before, { amountMicros, reference });
      },
    });
    // A repetition answers with the place of the first one.
    const { position, ...booked } = state.topUps.get(reference) as TopUpRecord;
    return { topUp: { orgId: org, reference, ...booked }, position };
  }
}
