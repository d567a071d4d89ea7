import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensCreate } from '@tollgate/contracts';
import { account } from '../../domain/account.ts';
import { membership, membershipId } from '../../domain/membership.ts';
import { product } from '../../domain/product.ts';
import { space } from '../../domain/space.ts';
import { createToken, credentialFormat, token } from '../../domain/token.ts';
import { CommandRunner, type StreamReference } from '../command-runner.ts';
import { newId } from '../ids.ts';
import { mint } from './mint.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensCreate)
export class CreateToken implements OperationHandler<typeof tokensCreate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly presenter: TokenPresenter,
  ) {}

  async execute(message: OperationMessage<typeof tokensCreate>) {
    const {
      org,
      name,
      accountId,
      scope,
      product: productKey,
      expiresAt = null,
      acknowledgeBilling = false,
    } = message.input;
    const spaceId = scope.type === 'single-space' ? scope.spaceId : null;
    const ofSpace: StreamReference[] = spaceId
      ? [
          [space, spaceId],
          [membership, membershipId(spaceId, accountId)],
        ]
      : [];
    const tokenId = newId('tok');
    let secret: string | null = null;
    const outcome = await this.commands.run({
      operation: tokensCreate,
      message,
      orgId: org,
      aggregate: token,
      id: tokenId,
      restsOn: [[account, accountId], [product, productKey], ...ofSpace],
      decide: (state, context, now) => {
        const format = credentialFormat(context.of(product, productKey).state, message.input.environment);
        const minted = mint(format);
        secret = minted.secret;
        const command = {
          tokenId,
          name,
          scope,
          product: productKey,
          environment: format.environment,
          expiresAt,
          acknowledgeBilling,
          credential: minted.credential,
          now,
        };
        return createToken(state, command, {
          orgId: org,
          account: context.of(account, accountId).state,
          space: spaceId ? context.of(space, spaceId).state : space.initial,
          membership: spaceId ? context.of(membership, membershipId(spaceId, accountId)).state : membership.initial,
        });
      },
    });
    const shown = outcome.replayed ? { secret: null, secretAlreadyShown: true as const } : { secret };
    return { token: await this.presenter.present(outcome), ...shown, position: outcome.position };
  }
}
