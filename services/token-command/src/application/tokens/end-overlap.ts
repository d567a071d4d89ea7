import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensEndOverlap } from '@tollgate/contracts';
import { endOverlap, theToken, theTokenByHand, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensEndOverlap)
export class EndOverlap implements OperationHandler<typeof tokensEndOverlap> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensEndOverlap>) {
    const { org, tok, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation: tokensEndOverlap,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => {
        theTokenByHand(theToken(state));
        return endOverlap(state, { reason, now });
      },
    });
    const barrier = await this.barrier.run(outcome.position);
    return { token: await this.presenter.present(outcome), position: outcome.position, barrier };
  }
}
