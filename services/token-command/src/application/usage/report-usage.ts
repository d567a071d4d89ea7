import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { usageReport } from '@tollgate/contracts';
import { USAGE, USAGE_FEED } from '../ports.ts';
import type { Usage, UsageFeed } from './ports.ts';

@Handles(usageReport)
export class ReportUsage implements OperationHandler<typeof usageReport> {
  constructor(
    @Inject(USAGE) private readonly usage: Usage,
    @Inject(USAGE_FEED) private readonly feed: UsageFeed,
  ) {}

  async execute({ input }: OperationMessage<typeof usageReport>) {
    const applied = await this.usage.add(input);
    // Of a repetition, too: the process that counted it first may have ended before the stream had it.
    this.feed.publish(input);
    return { applied };
  }
}
