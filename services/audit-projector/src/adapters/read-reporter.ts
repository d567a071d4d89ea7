import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { BusClient, CallContext } from '@tollgate/bus';
import { auditReportExport, auditReportReads, readsReportMax, type Actor, type InputOf } from '@tollgate/contracts';
import { BUS } from '@tollgate/runtime';
import { createLogger, MinuteCounts } from '@tollgate/telemetry';
import type { Readers } from '../application/ports.ts';

type Report = InputOf<typeof auditReportReads>['reads'];

const everyMs = 250;
/** How long a shutdown tries to hand over what is left. */
const leaveMs = 3_000;

const logger = createLogger('audit-reads');

/**
 * Tells token-command who reads the log: pages in counts per reader and minute, so that reading costs no write, and exports
 * one by one. A report is repeated unchanged until it is answered. What a killed process had not reported yet is lost: the
 * pages after the first of the running minute.
 */
@Injectable()
export class ReadReporter implements Readers, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #incarnation = randomUUID();
  readonly #counts = new MinuteCounts<{ org: string; reader: Actor }>();
  #report: Report = [];
  #sending: Promise<boolean> | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(@Inject(BUS) private readonly bus: BusClient) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.#send(false), everyMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    const deadlineMs = performance.now() + leaveMs;
    await this.#sending;
    while (!(await this.#send(true))) {
      if (performance.now() > deadlineMs) return logger.error('the last reads of the audit log could not be recorded');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  page(org: string, call: CallContext): void {
    const reader = readerOf(call);
    this.#counts.add(`${org} ${reader.type} ${reader.id}`, { org, reader }, Date.now());
  }

  async export(
    org: string,
    call: CallContext,
    what: Pick<InputOf<typeof auditReportExport>, 'format' | 'size' | 'filter'>,
  ): Promise<void> {
    const { requestId, ip, userAgent } = call;
    await this.bus.call(auditReportExport, { org, reader: readerOf(call), ...what, requestId, ip, userAgent });
  }

  /** Resolves to false when something is left that was not answered. */
  #send(all: boolean): Promise<boolean> {
    this.#sending ??= this.#sendDue(all)
      .then(
        () => true,
        (error: unknown) => {
          logger.warn({ err: error }, 'reads of the audit log could not be recorded yet; trying again');
          return false;
        },
      )
      .finally(() => (this.#sending = null));
    return this.#sending;
  }

  async #sendDue(all: boolean): Promise<void> {
    for (;;) {
      if (this.#report.length === 0) {
        const due = this.#counts.take(Date.now(), all, readsReportMax);
        this.#report = due.map(({ subject, ...counted }) => ({ ...subject, ...counted }));
      }
      if (this.#report.length === 0) return;
      await this.bus.call(auditReportReads, { incarnation: this.#incarnation, reads: this.#report });
      this.#report = [];
    }
  }
}

/** Everybody who may read was authenticated. */
function readerOf({ principal }: CallContext): Actor {
  if (!principal) throw new Error('nobody reads the audit log without a name');
  return { type: principal.type, id: principal.id };
}
