import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { usageReport } from '@tollgate/contracts';
import { USAGE } from '../ports.ts';
import type { Usage } from './ports.ts';

@Handles(usageReport)
export class ReportUsage implements OperationHandler<typeof usageReport> {
  constructor(@Inject(USAGE) private readonly usage: Usage) {}

  async execute({ input }: OperationMessage<typeof usageReport>) {
    return { applied: await this.usage.add(input) };
  }
}
