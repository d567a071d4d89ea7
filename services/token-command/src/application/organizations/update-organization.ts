import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsUpdate } from '@tollgate/contracts';
import { changeOrganization, organization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsUpdate)
export class UpdateOrganization implements OperationHandler<typeof orgsUpdate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof orgsUpdate>) {
    const { org, name, mcpUrl } = message.input;
    const outcome = await this.commands.run({
      operation: orgsUpdate,
      message,
      orgId: org,
      aggregate: organization,
      id: org,
      decide: (state) => changeOrganization(state, { name, mcpUrl }),
    });
    return { org: presentOrganization(outcome), position: outcome.position };
  }
}
