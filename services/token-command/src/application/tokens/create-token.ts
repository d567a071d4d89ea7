import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensCreate } from '@tollgate/contracts';
import { product } from '../../domain/product.ts';
import { createToken, credentialFormat, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';
import { mint } from './mint.ts';
import { pairingOf, streamsOf } from './pairing.ts';
import { shownOnce, TokenPresenter } from './present.ts';

@Handles(tokensCreate)
export class CreateToken implements OperationHandler<typeof tokensCreate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensCreate>) {
    const { org, name, accountId, scope, product: productKey, environment: asked, teamId = null } = message.input;
    const { expiresAt = null, acknowledgeBilling = false } = message.input;
    const tokenId = newId('tok');
    const pair = { accountId, scope, teamId };
    let secret: string | null = null;
    const outcome = await this.commands.run({
      operation: tokensCreate,
      message,
      orgId: org,
      aggregate: token,
      id: tokenId,
      restsOn: [[product, productKey], ...streamsOf(pair)],
      decide: (state, context, now) => {
        const format = credentialFormat(context.of(product, productKey).state, asked);
        const minted = mint(format);
        secret = minted.secret;
        const { environment } = format;
        const command = { tokenId, name, scope, product: productKey, environment, expiresAt, acknowledgeBilling, now };
        return createToken(state, { ...command, credential: minted.credential }, pairingOf(org, pair, context));
      },
    });
    const { position } = outcome;
    return { token: await this.presenter.present(outcome), ...shownOnce(outcome, secret), position };
  }
}
