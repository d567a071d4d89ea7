import type { Bus } from '@tollgate/bus';
import { securityReportAttempts, usageReport } from '@tollgate/contracts';
import type { UsageSink } from '../application/usage/usage-reporter.ts';

/** Reports to token-command. */
export class BusUsageSink implements UsageSink {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  report(batch: Parameters<UsageSink['report']>[0]): Promise<unknown> {
    return this.#bus.call(usageReport, batch, { timeoutMs: 2000 });
  }

  reportAttempts(report: Parameters<UsageSink['reportAttempts']>[0]): Promise<unknown> {
    return this.#bus.call(securityReportAttempts, report, { timeoutMs: 2000 });
  }
}
