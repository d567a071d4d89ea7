import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { projectsCreate } from '@tollgate/contracts';
import { createProject, project, theProject } from '../../domain/project.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';

@Handles(projectsCreate)
export class CreateProject implements OperationHandler<typeof projectsCreate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof projectsCreate>) {
    const { org, name } = message.input;
    const projectId = newId('prj');
    const { state, version, position } = await this.commands.run({
      operation: projectsCreate,
      message,
      orgId: org,
      aggregate: project,
      id: projectId,
      decide: (before) => createProject(before, { projectId, name }),
    });
    const { status: _, ...created } = theProject(state, org);
    return { project: { ...created, version }, position };
  }
}
