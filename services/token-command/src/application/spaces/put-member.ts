import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { membersPut } from '@tollgate/contracts';
import { account, theActiveAccount } from '../../domain/account.ts';
import { membership, membershipId, putMember } from '../../domain/membership.ts';
import { space, theSpace } from '../../domain/space.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';

@Handles(membersPut)
export class PutMember implements OperationHandler<typeof membersPut> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
  ) {}

  async execute(message: OperationMessage<typeof membersPut>) {
    const { org, spc, acc, permissions, administers } = message.input;
    const outcome = await this.commands.run({
      operation: membersPut,
      message,
      orgId: org,
      aggregate: membership,
      id: membershipId(spc, acc),
      restsOn: [
        [space, spc],
        [account, acc],
      ],
      decide: (state, context) => {
        theSpace(context.of(space, spc).state, org);
        theActiveAccount(context.of(account, acc).state, org, 'acc');
        return putMember(state, { spaceId: spc, accountId: acc, permissions, administers });
      },
    });
    // The change may take a permission away, so the barrier runs whatever changed.
    const barrier = await this.barrier.run(outcome.position);
    const { state, version, position } = outcome;
    const granted = state.status === 'member' ? state : { permissions: [], administers: false };
    return {
      member: {
        spaceId: spc,
        accountId: acc,
        permissions: [...granted.permissions],
        administers: granted.administers,
        version,
      },
      position,
      barrier,
    };
  }
}
