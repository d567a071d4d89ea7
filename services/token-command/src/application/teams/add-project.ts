import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { teamsAddProject } from '@tollgate/contracts';
import { project } from '../../domain/project.ts';
import { addProject, team } from '../../domain/team.ts';
import { CommandRunner } from '../command-runner.ts';
import { ofThisOrganization } from '../visibility.ts';
import { presentTeam } from './present.ts';

@Handles(teamsAddProject)
export class AddProject implements OperationHandler<typeof teamsAddProject> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof teamsAddProject>) {
    const { org, tea, prj } = message.input;
    const outcome = await this.commands.run({
      operation: teamsAddProject,
      message,
      orgId: org,
      aggregate: team,
      id: tea,
      restsOn: [[project, prj]],
      visible: ofThisOrganization(org, 'team'),
      decide: (state, context) => addProject(state, { project: context.of(project, prj).state }),
    });
    return { team: presentTeam(outcome), position: outcome.position };
  }
}
