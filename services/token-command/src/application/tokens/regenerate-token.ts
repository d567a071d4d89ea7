import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRegenerate } from '@tollgate/contracts';
import { theTokenByHand } from '../../domain/token.ts';
import { shownOnce, TokenPresenter } from './present.ts';
import { TokenRotation } from './rotate.ts';

@Handles(tokensRegenerate)
export class RegenerateToken implements OperationHandler<typeof tokensRegenerate> {
  constructor(
    private readonly rotation: TokenRotation,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensRegenerate>) {
    const { org: orgId, tok: tokenId, reason = null, overlapSeconds } = message.input;
    const { outcome, secret, barrier } = await this.rotation.run({
      ...{ operation: tokensRegenerate, message, orgId, tokenId, reason, overlapSeconds },
      permit: theTokenByHand,
    });
    const { position } = outcome;
    return { token: await this.presenter.present(outcome), ...shownOnce(outcome, secret), position, barrier };
  }
}
