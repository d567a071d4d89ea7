import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { logRead } from '@tollgate/contracts';
import { type EventSource, readPage } from '@tollgate/event-log';
import { EVENT_SOURCE } from '../ports.ts';

@Handles(logRead)
export class ReadLog implements OperationHandler<typeof logRead> {
  constructor(@Inject(EVENT_SOURCE) private readonly source: EventSource) {}

  execute({ input }: OperationMessage<typeof logRead>) {
    return readPage(this.source, input);
  }
}
