import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { teamsRemoveProject } from '@tollgate/contracts';
import { project } from '../../domain/project.ts';
import { removeProject, team } from '../../domain/team.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { ofThisOrganization } from '../visibility.ts';
import { presentTeam } from './present.ts';

@Handles(teamsRemoveProject)
export class RemoveProject implements OperationHandler<typeof teamsRemoveProject> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
  ) {}

  async execute(message: OperationMessage<typeof teamsRemoveProject>) {
    const { org, tea, prj } = message.input;
    const outcome = await this.commands.run({
      operation: teamsRemoveProject,
      message,
      orgId: org,
      aggregate: team,
      id: tea,
      restsOn: [[project, prj]],
      visible: ofThisOrganization(org, 'team'),
      decide: (state, context) => removeProject(state, { project: context.of(project, prj).state }),
    });
    const barrier = await this.barrier.run(outcome.position);
    return { team: presentTeam(outcome), position: outcome.position, barrier };
  }
}
