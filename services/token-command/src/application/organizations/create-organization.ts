import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsCreate } from '@tollgate/contracts';
import { organization, registerOrganization } from '../../domain/organization.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';
import { defaultAnchor } from './default-anchor.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsCreate)
export class CreateOrganization implements OperationHandler<typeof orgsCreate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof orgsCreate>) {
    const { name, plan, currency, timeZone, billing, mcpUrl } = message.input;
    const id = newId('org');
    const outcome = await this.commands.run({
      operation: orgsCreate,
      message,
      orgId: id,
      idempotencyOrgId: null,
      aggregate: organization,
      id,
      decide: (state, _, now) => {
        const terms = {
          interval: billing?.interval ?? 'P1M',
          policy: billing?.policy ?? 'second.v1',
          anchor: billing?.anchor ?? defaultAnchor(now, timeZone),
        } as const;
        return registerOrganization(state, { name, plan, currency, timeZone, billing: terms, mcpUrl: mcpUrl ?? null });
      },
    });
    return { org: presentOrganization(outcome), position: outcome.position };
  }
}
