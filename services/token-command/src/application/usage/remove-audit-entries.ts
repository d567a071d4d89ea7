import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditRemoveEntries, TollgateError } from '@tollgate/contracts';
import type { EventSource, StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { organization } from '../../domain/organization.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { streamName } from '../command-runner.ts';
import { EVENT_SOURCE, STREAMS } from '../ports.ts';
import { metaOf } from '../provenance.ts';
import { Recorder } from './recorder.ts';

const dayMs = 86_400_000;

/** Records that entries have lost their contents, if the organization's retention and the authority's time say so. */
@Handles(auditRemoveEntries)
export class RemoveAuditEntries implements OperationHandler<typeof auditRemoveEntries> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(EVENT_SOURCE) private readonly log: EventSource,
    private readonly recorder: Recorder,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input: { org, position, entries }, call }: OperationMessage<typeof auditRemoveEntries>) {
    const days = await this.#retentionOf(org);
    await this.#requireOlder(org, position, days);
    const result = await this.recorder.record({
      stream: `security-${org}.retention`,
      orgId: org,
      events: [{ type: 'AuditEntriesRemoved', data: { entries, position, days } }],
      meta: metaOf({ type: 'system', id: 'audit-retention' }, call.requestId),
      // Whoever asks twice, and whichever process asks, the same entries are removed once.
      idempotency: {
        orgId: org,
        caller: 'service:audit-projector',
        operation: auditRemoveEntries.name,
        key: String(position),
        requestHash: '',
        answer: () => ({}),
      },
    });
    return { position: result.replayed ? result.position : (result.positions[0] as number) };
  }

  async #retentionOf(org: string): Promise<number> {
    const stream = streamName(organization, org);
    const { state } = fold(organization, (await this.streams.readStreams([stream])).get(stream) ?? []);
    const days = state.status === 'none' ? null : state.auditRetentionDays;
    if (days === null) throw new TollgateError('CONFLICT', 'This organization keeps its audit log for ever.');
    return days;
  }

  async #requireOlder(org: string, position: number, days: number): Promise<void> {
    const [event] = await this.log.read(position - 1, 1);
    const old = event?.orgId === org && Date.parse(event.at) + days * dayMs <= this.clock.nowMs();
    if (!old) throw new TollgateError('CONFLICT', `Position ${position} is not ${days} days old, or of another log.`);
  }
}
