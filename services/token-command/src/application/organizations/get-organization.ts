import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { orgsGet } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { organization } from '../../domain/organization.ts';
import { streamName } from '../command-runner.ts';
import { STREAMS } from '../ports.ts';
import { presentOrganization } from './present.ts';

@Handles(orgsGet)
export class GetOrganization implements OperationHandler<typeof orgsGet> {
  constructor(@Inject(STREAMS) private readonly streams: StreamReader) {}

  async execute({ input: { org } }: OperationMessage<typeof orgsGet>) {
    return presentOrganization(fold(organization, await this.streams.readStream(streamName(organization, org))));
  }
}
