import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsSetAuditRetention } from '@tollgate/contracts';
import { organization, setAuditRetention } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsSetAuditRetention)
export class SetAuditRetention implements OperationHandler<typeof orgsSetAuditRetention> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof orgsSetAuditRetention>) {
    const { org, days } = message.input;
    const outcome = await this.commands.run({
      operation: orgsSetAuditRetention,
      message,
      orgId: org,
      aggregate: organization,
      id: org,
      decide: (state) => setAuditRetention(state, { days }),
    });
    return { org: presentOrganization(outcome), position: outcome.position };
  }
}
