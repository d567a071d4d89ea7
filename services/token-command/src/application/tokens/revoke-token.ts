import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRevoke } from '@tollgate/contracts';
import { revokeToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensRevoke)
export class RevokeToken implements OperationHandler<typeof tokensRevoke> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensRevoke>) {
    const { org, tok, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation: tokensRevoke,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => revokeToken(state, { reason, now }),
    });
    const barrier = await this.barrier.run(outcome.position);
    return { token: await this.presenter.present(outcome), position: outcome.position, barrier };
  }
}
