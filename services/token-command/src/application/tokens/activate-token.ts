import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensActivate } from '@tollgate/contracts';
import { activateToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensActivate)
export class ActivateToken implements OperationHandler<typeof tokensActivate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensActivate>) {
    const { org, tok, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation: tokensActivate,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => activateToken(state, { reason, now }),
    });
    return { token: await this.presenter.present(outcome), position: outcome.position };
  }
}
