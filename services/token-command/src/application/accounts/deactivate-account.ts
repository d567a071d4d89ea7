import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsDeactivate } from '@tollgate/contracts';
import { account, deactivateAccount } from '../../domain/account.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { type People, PEOPLE, READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { TokenList } from '../tokens/ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { Owners } from './owners.ts';
import { presentAccount } from './present.ts';

@Handles(accountsDeactivate)
export class DeactivateAccount implements OperationHandler<typeof accountsDeactivate> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly owners: Owners,
    private readonly barrier: RevocationBarrier,
    private readonly clock: AuthorityClock,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(TOKEN_LIST) private readonly tokens: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute(message: OperationMessage<typeof accountsDeactivate>) {
    const { org, acc } = message.input;
    const witnesses = await this.owners.witnesses(org, acc);
    const outcome = await this.commands.run({
      operation: accountsDeactivate,
      message,
      orgId: org,
      aggregate: account,
      id: acc,
      restsOn: witnesses,
      visible: ofThisOrganization(org, 'account'),
      decide: (state, context) => deactivateAccount(state, { anotherOwner: Owners.hold(witnesses, context) }),
    });
    const barrier = await this.barrier.run(outcome.position);
    await this.readModel.waitFor(outcome.position);
    const tokens = await this.tokens.liveOf(org, acc, this.clock.now());
    return {
      account: presentAccount(outcome, (await this.people.find([acc])).get(acc)),
      tokens: [...tokens],
      seats: 'The seats of these tokens run until each token is reassigned to another account or revoked.',
      position: outcome.position,
      barrier,
    };
  }
}
