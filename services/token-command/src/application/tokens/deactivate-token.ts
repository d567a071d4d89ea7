import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensDeactivate } from '@tollgate/contracts';
import { deactivateToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensDeactivate)
export class DeactivateToken implements OperationHandler<typeof tokensDeactivate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensDeactivate>) {
    const { org, tok, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation: tokensDeactivate,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => deactivateToken(state, { reason, now }),
    });
    const barrier = await this.barrier.run(outcome.position);
    return { token: await this.presenter.present(outcome), position: outcome.position, barrier };
  }
}
