import { Injectable } from '@nestjs/common';
import type { OperationMessage } from '@tollgate/bus';
import type { tokensDeactivate, tokensEndOverlap, tokensRevoke } from '@tollgate/contracts';
import { type revokeToken, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { TokenPresenter } from './present.ts';

/** The operations that take a token's access away and need nothing but a reason. */
type Narrowing = typeof tokensRevoke | typeof tokensDeactivate | typeof tokensEndOverlap;

/** Runs such a command: decide, append, then the barrier, also when there was nothing to decide. */
@Injectable()
export class TokenNarrowing {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
  ) {}

  async run(operation: Narrowing, message: OperationMessage<Narrowing>, decide: typeof revokeToken) {
    const { org, tok, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation,
      message,
      orgId: org,
      aggregate: token,
      id: tok,
      visible: ofThisOrganization(org, 'token'),
      decide: (state, _, now) => decide(state, { reason, now }),
    });
    // What stands beside the token is read while the verifiers acknowledge.
    const [barrier, shown] = await Promise.all([this.barrier.run(outcome.position), this.presenter.present(outcome)]);
    return { token: shown, position: outcome.position, barrier };
  }
}
