import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { TollgateError, tokensUpdate } from '@tollgate/contracts';
import { renameToken, theToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensUpdate)
export class UpdateToken implements OperationHandler<typeof tokensUpdate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensUpdate>) {
    const { org, tok, name, scope, product } = message.input;
    const outcome = await this.commands.run({
      operation: tokensUpdate,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => {
        if (scope !== undefined) throw immutable('scope');
        if (product !== undefined) throw immutable('product');
        return renameToken(state, { name: name ?? theToken(state).name, now });
      },
    });
    return { token: await this.presenter.present(outcome), position: outcome.position };
  }
}

const immutable = (path: 'scope' | 'product') =>
  new TollgateError(
    'SCOPE_IMMUTABLE',
    `The ${path} of a token never changes. Create a new token with the other ${path}, then revoke this one.`,
    [{ path, message: 'never changes' }],
  );
