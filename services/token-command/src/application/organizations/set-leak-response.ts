import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsSetLeakResponse } from '@tollgate/contracts';
import { chooseLeakResponse, organization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsSetLeakResponse)
export class SetLeakResponse implements OperationHandler<typeof orgsSetLeakResponse> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof orgsSetLeakResponse>) {
    const { org, response } = message.input;
    const outcome = await this.commands.run({
      operation: orgsSetLeakResponse,
      message,
      orgId: org,
      aggregate: organization,
      id: org,
      decide: (state) => chooseLeakResponse(state, { response }),
    });
    return { org: presentOrganization(outcome), position: outcome.position };
  }
}
