import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { agentsCreate, defaultProduct } from '@tollgate/contracts';
import { product } from '../../domain/product.ts';
import { createToken, credentialFormat, theToken, token } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import { agentIdOf, newId } from '../ids.ts';
import { mint } from '../tokens/mint.ts';
import { pairingOf, streamsOf } from '../tokens/pairing.ts';
import { TokenPresenter } from '../tokens/present.ts';
import { deliver } from './delivery.ts';
import { presentAgent } from './present.ts';
import { usableKey } from './seal.ts';

@Handles(agentsCreate)
export class CreateAgent implements OperationHandler<typeof agentsCreate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
    private readonly clock: AuthorityClock,
  ) {}

  async execute(message: OperationMessage<typeof agentsCreate>) {
    const { org, name, accountId, scope, teamId = null, billable, publicKey = null } = message.input;
    if (publicKey !== null) usableKey(publicKey);
    const { key } = defaultProduct;
    const tokenId = newId('tok');
    const agent = { id: agentIdOf(tokenId), name, publicKey };
    const pair = { accountId, scope, teamId };
    let secret: string | null = null;
    const outcome = await this.commands.run({
      operation: agentsCreate,
      message,
      orgId: org,
      aggregate: token,
      id: tokenId,
      restsOn: [[product, key], ...streamsOf(pair)],
      decide: (state, context, now) => {
        const format = credentialFormat(context.of(product, key).state, undefined);
        const minted = mint(format);
        secret = minted.secret;
        const fixed = { tokenId, name, scope, product: key, environment: format.environment, expiresAt: null, now };
        const command = {
          ...fixed,
          acknowledgeBilling: true,
          credential: minted.credential,
          managed: { agent, billable },
        };
        return createToken(state, command, pairingOf(org, pair, context));
      },
    });
    return {
      agent: presentAgent(outcome, this.clock.now()),
      token: await this.presenter.present(outcome),
      ...(await deliver(theToken(outcome.state), outcome, secret)),
      position: outcome.position,
    };
  }
}
