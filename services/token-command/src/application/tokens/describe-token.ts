import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensDescribe, TollgateError } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { account } from '../../domain/account.ts';
import { fold } from '../../domain/aggregate.ts';
import { organization } from '../../domain/organization.ts';
import { streamName } from '../command-runner.ts';
import { erasedName } from '../erased.ts';
import { type People, PEOPLE, STREAMS } from '../ports.ts';
import { readToken } from './read-token.ts';

@Handles(tokensDescribe)
export class DescribeToken implements OperationHandler<typeof tokensDescribe> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(PEOPLE) private readonly people: People,
  ) {}

  async execute({ input: { org, tok } }: OperationMessage<typeof tokensDescribe>) {
    const { name, accountId, scope, product, environment } = await readToken(this.streams, org, tok);
    const [ofOrganization, ofAccount] = [streamName(organization, org), streamName(account, accountId)];
    const [streams, people] = await Promise.all([
      this.streams.readStreams([ofOrganization, ofAccount]),
      this.people.find([accountId]),
    ]);
    const { state: its } = fold(organization, streams.get(ofOrganization) ?? []);
    const { state: holder } = fold(account, streams.get(ofAccount) ?? []);
    if (its.status === 'none' || holder.status === 'none') {
      throw new TollgateError('NOT_FOUND', 'The log knows neither organization nor account of this token.');
    }
    return {
      name,
      organization: { id: org, name: its.name },
      account: { id: accountId, kind: holder.kind, name: people.get(accountId)?.name ?? erasedName },
      scope,
      product,
      environment,
    };
  }
}
