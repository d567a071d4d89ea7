import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { membersRemove } from '@tollgate/contracts';
import { membership, membershipId, removeMember } from '../../domain/membership.ts';
import { space, theSpace } from '../../domain/space.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';

@Handles(membersRemove)
export class RemoveMember implements OperationHandler<typeof membersRemove> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
  ) {}

  async execute(message: OperationMessage<typeof membersRemove>) {
    const { org, spc, acc } = message.input;
    const { version, position } = await this.commands.run({
      operation: membersRemove,
      message,
      orgId: org,
      aggregate: membership,
      id: membershipId(spc, acc),
      restsOn: [[space, spc]],
      decide: (state, context) => {
        theSpace(context.of(space, spc).state, org);
        return removeMember(state, { spaceId: spc, accountId: acc });
      },
    });
    const barrier = await this.barrier.run(position);
    return {
      member: { spaceId: spc, accountId: acc, permissions: [], administers: false, removed: true as const, version },
      position,
      barrier,
    };
  }
}
