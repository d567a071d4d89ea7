import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { spacesCreate } from '@tollgate/contracts';
import { createSpace, space, theSpace } from '../../domain/space.ts';
import { CommandRunner } from '../command-runner.ts';
import { newId } from '../ids.ts';

@Handles(spacesCreate)
export class CreateSpace implements OperationHandler<typeof spacesCreate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof spacesCreate>) {
    const { org, name } = message.input;
    const spaceId = newId('spc');
    const { state, version, position } = await this.commands.run({
      operation: spacesCreate,
      message,
      orgId: org,
      aggregate: space,
      id: spaceId,
      decide: (before) => createSpace(before, { spaceId, name }),
    });
    const { status: _, ...created } = theSpace(state, org);
    return { space: { ...created, version }, position };
  }
}
