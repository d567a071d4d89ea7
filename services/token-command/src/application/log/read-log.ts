import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { logRead } from '@tollgate/contracts';
import { type EventSource, readPage } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { EVENT_SOURCE } from '../ports.ts';

@Handles(logRead)
export class ReadLog implements OperationHandler<typeof logRead> {
  constructor(
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input }: OperationMessage<typeof logRead>) {
    const page = await readPage(this.source, input);
    return { ...page, authorityTimeMs: this.clock.nowMs() };
  }
}
