import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRegenerate } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { product } from '../../domain/product.ts';
import { credentialFormat, regenerateToken, theToken, token } from '../../domain/token.ts';
import { CommandRunner, streamName } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { STREAMS } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { mint } from './mint.ts';
import { TokenPresenter } from './present.ts';

@Handles(tokensRegenerate)
export class RegenerateToken implements OperationHandler<typeof tokensRegenerate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
    @Inject(STREAMS) private readonly streams: StreamReader,
  ) {}

  async execute(message: OperationMessage<typeof tokensRegenerate>) {
    const { org, tok, reason = null } = message.input;
    // A token's product never changes, so it may be read before the command runs.
    const { state: known } = fold(token, await this.streams.readStream(streamName(token, tok)));
    ofThisOrganization(org, 'token')(known);
    const { product: productKey, environment } = theToken(known);
    let secret: string | null = null;
    const outcome = await this.commands.run({
      operation: tokensRegenerate,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      restsOn: [[product, productKey]],
      visible: ofThisOrganization(org, 'token'),
      decide: (state, context, now) => {
        const minted = mint(credentialFormat(context.of(product, productKey).state, environment ?? undefined));
        secret = minted.secret;
        return regenerateToken(state, { credential: minted.credential, reason, now });
      },
    });
    const barrier = await this.barrier.run(outcome.position);
    const shown = outcome.replayed ? { secret: null, secretAlreadyShown: true as const } : { secret };
    return { token: await this.presenter.present(outcome), ...shown, position: outcome.position, barrier };
  }
}
