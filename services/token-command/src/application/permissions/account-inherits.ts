import { Inject } from '@nestjs/common';
import { Handles, invalidInput, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsInheritedPermissions, type InputOf, TollgateError } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { account } from '../../domain/account.ts';
import { fold } from '../../domain/aggregate.ts';
import { space } from '../../domain/space.ts';
import { streamName } from '../command-runner.ts';
import { READ_MODEL, STREAMS } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import { ofThisOrganization } from '../visibility.ts';
import { Inheritance } from './inheritance.ts';

type Input = InputOf<typeof accountsInheritedPermissions>;

@Handles(accountsInheritedPermissions)
export class AccountInherits implements OperationHandler<typeof accountsInheritedPermissions> {
  constructor(
    private readonly inheritance: Inheritance,
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input }: OperationMessage<typeof accountsInheritedPermissions>) {
    const { org, acc, teamId = null, atLeast } = input;
    const spaceId = spaceOf(input);
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    ofThisOrganization(org, 'account')(fold(account, await this.streams.readStream(streamName(account, acc))).state);
    if (spaceId !== null) await this.#mustExist(org, spaceId);
    return this.inheritance.of(org, { accountId: acc, spaceId, teamId });
  }

  async #mustExist(org: string, spaceId: string): Promise<void> {
    const { state } = fold(space, await this.streams.readStream(streamName(space, spaceId)));
    if (state.status !== 'none' && state.orgId === org) return;
    throw new TollgateError(
      'UNKNOWN_REFERENCE',
      'There is no such space in this organization. List them with GET /v1/orgs/:org/spaces.',
      [{ path: 'spaceId', message: 'names no space of this organization' }],
    );
  }
}

/** The one space of a single-space token; null for a multi-space token. */
function spaceOf({ scope, spaceId }: Input): string | null {
  if (scope === 'single-space' && spaceId === undefined)
    throw invalidInput([{ path: 'spaceId', message: 'is needed with scope=single-space' }]);
  if (scope === 'multi-space' && spaceId !== undefined)
    throw invalidInput([{ path: 'spaceId', message: 'goes with scope=single-space' }]);
  return spaceId ?? null;
}
