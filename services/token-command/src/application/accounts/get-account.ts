import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsGet } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { account } from '../../domain/account.ts';
import { fold } from '../../domain/aggregate.ts';
import { streamName } from '../command-runner.ts';
import { LogPosition } from '../log-position.ts';
import { type People, PEOPLE, STREAMS } from '../ports.ts';
import { ofThisOrganization } from '../visibility.ts';
import { presentAccount } from './present.ts';

@Handles(accountsGet)
export class GetAccount implements OperationHandler<typeof accountsGet> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(PEOPLE) private readonly people: People,
    private readonly position: LogPosition,
  ) {}

  async execute({ input: { org, acc, atLeast } }: OperationMessage<typeof accountsGet>) {
    await this.position.reaches(atLeast);
    const folded = fold(account, await this.streams.readStream(streamName(account, acc)));
    ofThisOrganization(org, 'account')(folded.state);
    return presentAccount(folded, (await this.people.find([acc])).get(acc));
  }
}
