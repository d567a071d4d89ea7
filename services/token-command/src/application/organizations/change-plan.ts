import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsChangePlan } from '@tollgate/contracts';
import { changePlan, organization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsChangePlan)
export class ChangePlan implements OperationHandler<typeof orgsChangePlan> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof orgsChangePlan>) {
    const { org, plan } = message.input;
    const outcome = await this.commands.run({
      operation: orgsChangePlan,
      message,
      orgId: org,
      aggregate: organization,
      id: org,
      decide: (state) => changePlan(state, { plan }),
    });
    return { org: presentOrganization(outcome), position: outcome.position };
  }
}
