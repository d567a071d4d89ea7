import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { agentsRotate } from '@tollgate/contracts';
import { theToken } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { tokenIdOf } from '../ids.ts';
import { TokenPresenter } from '../tokens/present.ts';
import { TokenRotation } from '../tokens/rotate.ts';
import { ofAnAgent } from '../visibility.ts';
import { deliver } from './delivery.ts';
import { presentAgent } from './present.ts';

@Handles(agentsRotate)
export class RotateAgent implements OperationHandler<typeof agentsRotate> {
  constructor(
    private readonly rotation: TokenRotation,
    private readonly presenter: TokenPresenter,
    private readonly clock: AuthorityClock,
  ) {}

  async execute(message: OperationMessage<typeof agentsRotate>) {
    const { org: orgId, agt, reason = null, overlapSeconds } = message.input;
    const { outcome, secret, barrier } = await this.rotation.run({
      ...{ operation: agentsRotate, message, orgId, tokenId: tokenIdOf(agt), reason, overlapSeconds },
      permit: ofAnAgent,
    });
    return {
      agent: presentAgent(outcome, this.clock.now()),
      token: await this.presenter.present(outcome),
      ...(await deliver(theToken(outcome.state), outcome, secret)),
      position: outcome.position,
      barrier,
    };
  }
}
