import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { balanceSetThreshold } from '@tollgate/contracts';
import { balance, setThreshold } from '../../domain/balance.ts';
import { organization, theOrganization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentSettings } from './present.ts';

@Handles(balanceSetThreshold)
export class SetThreshold implements OperationHandler<typeof balanceSetThreshold> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof balanceSetThreshold>) {
    const { org, thresholdMicros } = message.input;
    const outcome = await this.commands.run({
      operation: balanceSetThreshold,
      message,
      orgId: org,
      aggregate: balance,
      id: org,
      restsOn: [[organization, org]],
      decide: (state, context) => {
        theOrganization(context.of(organization, org).state);
        return setThreshold(state, { thresholdMicros });
      },
    });
    return presentSettings(org, outcome);
  }
}
