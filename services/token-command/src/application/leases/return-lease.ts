import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { leasesReturn } from '@tollgate/contracts';
import { LEASES } from '../ports.ts';
import type { Leases } from './ports.ts';

@Handles(leasesReturn)
export class ReturnLease implements OperationHandler<typeof leasesReturn> {
  constructor(@Inject(LEASES) private readonly leases: Leases) {}

  async execute({ input: { incarnation } }: OperationMessage<typeof leasesReturn>) {
    return { returned: await this.leases.giveBack(incarnation) };
  }
}
