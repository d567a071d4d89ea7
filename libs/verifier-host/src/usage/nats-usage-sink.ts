import { securityReportAttempts, usageReport } from '@tollgate/contracts';
import type { AuthorityClient } from '../nats-authority.ts';
import type { UsageSink } from './usage-reporter.ts';

/** Reports to token-command. */
export class NatsUsageSink implements UsageSink {
  readonly #client: Pick<AuthorityClient, 'call'>;

  constructor(client: Pick<AuthorityClient, 'call'>) {
    this.#client = client;
  }

  report(batch: Parameters<UsageSink['report']>[0]): Promise<unknown> {
    return this.#client.call(usageReport, batch, { timeoutMs: 2000 });
  }

  reportAttempts(report: Parameters<UsageSink['reportAttempts']>[0]): Promise<unknown> {
    return this.#client.call(securityReportAttempts, report, { timeoutMs: 2000 });
  }
}
