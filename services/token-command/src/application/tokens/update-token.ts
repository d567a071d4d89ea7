import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { TollgateError, tokensUpdate } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { editToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { STREAMS } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { pairingOf, streamsOf } from './pairing.ts';
import { TokenPresenter } from './present.ts';
import { readToken } from './read-token.ts';

@Handles(tokensUpdate)
export class UpdateToken implements OperationHandler<typeof tokensUpdate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
    @Inject(STREAMS) private readonly streams: StreamReader,
  ) {}

  async execute(message: OperationMessage<typeof tokensUpdate>) {
    const { org, tok, scope: newScope, product: newProduct, ...changes } = message.input;
    if (newScope !== undefined) throw immutable('scope');
    if (newProduct !== undefined) throw immutable('product');
    // The scope never changes, so it may be read before the command runs.
    const { scope, accountId } = await readToken(this.streams, org, tok);
    const pair = { accountId: changes.accountId ?? accountId, scope, teamId: changes.teamId ?? null };
    const outcome = await this.commands.run({
      operation: tokensUpdate,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      restsOn: streamsOf(pair),
      visible: ofThisOrganization(org, 'token'),
      decide: (state, context, now) => editToken(state, { ...changes, now }, pairingOf(org, pair, context)),
    });
    // Another account, another team or an earlier expiry takes access away, so the barrier runs whatever changed.
    // What stands beside the token is read while the verifiers acknowledge.
    const [barrier, shown] = await Promise.all([this.barrier.run(outcome.position), this.presenter.present(outcome)]);
    return { token: shown, position: outcome.position, barrier };
  }
}

const immutable = (path: 'scope' | 'product') =>
  new TollgateError(
    'SCOPE_IMMUTABLE',
    `The ${path} of a token never changes. Create a new token with the other ${path}, then revoke this one.`,
    [{ path, message: 'never changes' }],
  );
