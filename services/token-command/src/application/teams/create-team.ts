import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { teamsCreate } from '@tollgate/contracts';
import { createTeam, team } from '../../domain/team.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';
import { presentTeam } from './present.ts';

@Handles(teamsCreate)
export class CreateTeam implements OperationHandler<typeof teamsCreate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof teamsCreate>) {
    const { org, name } = message.input;
    const teamId = newId('tea');
    const outcome = await this.commands.run({
      operation: teamsCreate,
      message,
      orgId: org,
      aggregate: team,
      id: teamId,
      decide: (state) => createTeam(state, { teamId, name }),
    });
    return { team: presentTeam(outcome), position: outcome.position };
  }
}
