import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { teamsSetPolicy } from '@tollgate/contracts';
import { setTeamPolicy, team } from '../../domain/team.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { presentTeam } from './present.ts';

@Handles(teamsSetPolicy)
export class SetTeamPolicy implements OperationHandler<typeof teamsSetPolicy> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
  ) {}

  async execute(message: OperationMessage<typeof teamsSetPolicy>) {
    const { org, tea, ...policy } = message.input;
    const outcome = await this.commands.run({
      operation: teamsSetPolicy,
      message,
      orgId: org,
      aggregate: team,
      id: tea,
      visible: ofThisOrganization(org, 'team'),
      decide: (state) => setTeamPolicy(state, { policy }),
    });
    // Whether one set of globs is narrower than another is not worth a proof: the barrier runs whatever changed.
    const barrier = await this.barrier.run(outcome.position);
    return { team: presentTeam(outcome), position: outcome.position, barrier };
  }
}
