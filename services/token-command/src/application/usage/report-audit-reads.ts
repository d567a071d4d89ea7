import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditReportExport, auditReportReads, type InputOf } from '@tollgate/contracts';
import { AuthorityClock } from '../authority-clock.ts';
import { metaOf, provenance } from '../provenance.ts';
import { Recorder } from './recorder.ts';

type Reads = InputOf<typeof auditReportReads>['reads'][number];

const minuteMs = 60_000;

/** Records who read the audit log, once for each reader, minute and part. */
@Handles(auditReportReads)
export class ReportAuditReads implements OperationHandler<typeof auditReportReads> {
  constructor(
    private readonly recorder: Recorder,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input: { incarnation, reads }, call }: OperationMessage<typeof auditReportReads>) {
    const recorded = await Promise.all(reads.map((each) => this.#record(incarnation, each, call.requestId)));
    return { recorded: recorded.filter(Boolean).length };
  }

  async #record(incarnation: string, reads: Reads, requestId: string): Promise<boolean> {
    const { org, reader, minute, count, part } = reads;
    const { replayed } = await this.recorder.record({
      stream: `security-${org}.${reader.id}`,
      orgId: org,
      events: [{ type: 'AuditRead', data: { minute: this.#authorityMinute(minute), count } }],
      meta: metaOf(reader, requestId),
      idempotency: {
        orgId: org,
        caller: `service:${incarnation}`,
        operation: auditReportReads.name,
        key: `${reader.type}.${reader.id}.${minute}.${part}`,
        requestHash: '',
        answer: () => ({}),
      },
    });
    return !replayed;
  }

  #authorityMinute(wallMinute: string): string {
    const offsetMs = this.clock.nowMs() - this.clock.wallMs();
    return new Date(Math.floor((Date.parse(wallMinute) + offsetMs) / minuteMs) * minuteMs).toISOString();
  }
}

/** Records an export, with the request behind it. Whoever exports waits for this, so that none leaves unrecorded. */
@Handles(auditReportExport)
export class ReportAuditExport implements OperationHandler<typeof auditReportExport> {
  constructor(private readonly recorder: Recorder) {}

  async execute({ input }: OperationMessage<typeof auditReportExport>) {
    const { org, reader, format, size, filter, requestId, ip, userAgent } = input;
    const { meta, request } = provenance({ actor: reader, requestId, ip, userAgent }, org);
    const result = await this.recorder.record({
      stream: `security-${org}.${reader.id}`,
      orgId: org,
      events: [{ type: 'AuditExported', data: { format, size, filter } }],
      meta,
      personal: request ? [request] : [],
    });
    return { position: result.replayed ? result.position : (result.positions[0] as number) };
  }
}
