import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { leasesRenew } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { EVENT_SOURCE, LEASE_TERMS, LEASES } from '../ports.ts';
import type { Leases, LeaseTerms } from './ports.ts';

@Handles(leasesRenew)
export class RenewLease implements OperationHandler<typeof leasesRenew> {
  constructor(
    @Inject(LEASES) private readonly leases: Leases,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    @Inject(LEASE_TERMS) private readonly terms: LeaseTerms,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input: { incarnation, verifier } }: OperationMessage<typeof leasesRenew>) {
    // Commit the row, THEN read the head: a revoke that this head does not cover finds the row (mutant READ_FIRST).
    await this.leases.renew(incarnation, verifier);
    const head = await this.source.head();
    return { logId: await this.source.logId(), leaseMs: this.terms.leaseMs, head, authorityTimeMs: this.clock.nowMs() };
  }
}
