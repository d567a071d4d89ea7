import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RecordedBillingEvent } from '@tollgate/contracts';
import { EventAppender } from '@tollgate/event-log';
import { CONFIGURATION, type Configuration } from '@tollgate/runtime';
import type { BillingAppend, BillingWriter } from '../application/bookkeeping/ports.ts';
import { asBillingEvents, billingLog } from './billing-log.ts';
import { LedgerReadModel } from './ledger-read-model.ts';

/** Appends to the billing log in the name of this service. */
@Injectable()
export class BillingAppender implements BillingWriter, OnApplicationShutdown {
  readonly #appender: EventAppender;

  constructor(@Inject(CONFIGURATION) { databaseUrl }: Configuration, ledger: LedgerReadModel) {
    if (databaseUrl === undefined) throw new Error('billing-meter needs TOLLGATE_DATABASE_URL');
    this.#appender = new EventAppender({
      url: databaseUrl,
      log: billingLog,
      onCommitted: (events) => ledger.committed(events),
    });
  }

  async append(request: BillingAppend): Promise<readonly RecordedBillingEvent[]> {
    const result = await this.#appender.append({ ...request, meta });
    if (result.replayed) throw new Error('no idempotency key was given');
    return asBillingEvents(result.events);
  }

  onApplicationShutdown(): Promise<void> {
    return this.#appender.close();
  }
}

/** Nobody asked for it: time and the main log did, and each event names its evidence. */
const meta = {
  actor: { type: 'system', id: 'billing-meter' },
  correlationId: 'billing-meter',
  causationId: 'billing-meter',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;
