import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { agentsRetire } from '@tollgate/contracts';
import { revokeToken, token } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import { tokenIdOf } from '../ids.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { TokenPresenter } from '../tokens/present.ts';
import { ofAnAgent, ofThisOrganization } from '../visibility.ts';
import { presentAgent } from './present.ts';

@Handles(agentsRetire)
export class RetireAgent implements OperationHandler<typeof agentsRetire> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
    private readonly clock: AuthorityClock,
  ) {}

  async execute(message: OperationMessage<typeof agentsRetire>) {
    const { org, agt, reason = null } = message.input;
    const outcome = await this.commands.run({
      operation: agentsRetire,
      message,
      orgId: org,
      aggregate: token,
      id: tokenIdOf(agt),
      visible: (state) => {
        ofThisOrganization(org, 'agent')(state);
        ofAnAgent(state);
      },
      decide: (state, _, now) => revokeToken(state, { reason, now }),
    });
    const barrier = await this.barrier.run(outcome.position);
    const { position } = outcome;
    return {
      agent: presentAgent(outcome, this.clock.now()),
      token: await this.presenter.present(outcome),
      position,
      barrier,
    };
  }
}
