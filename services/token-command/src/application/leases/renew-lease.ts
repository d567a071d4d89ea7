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

  async execute({ input: { incarnation, verifier, applied } }: OperationMessage<typeof leasesRenew>) {
    const sameHistory = applied === null || (await this.#holds(applied));
    // Commit the row, THEN read the head: a revoke that this head does not cover finds the row (mutant READ_FIRST).
    if (sameHistory) await this.leases.renew(incarnation, verifier);
    const [head, logId] = [await this.source.head(), await this.source.logId()];
    return { logId, sameHistory, leaseMs: this.terms.leaseMs, head, authorityTimeMs: this.clock.nowMs() };
  }

  /** Ids are random: with the same event at its end, a verifier's history is the log's, as far as it goes. */
  async #holds({ position, eventId }: NonNullable<OperationMessage<typeof leasesRenew>['input']['applied']>) {
    const [event] = await this.source.read(position - 1, 1);
    return event?.position === position && event.id === eventId;
  }
}
