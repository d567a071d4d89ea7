import { Inject } from '@nestjs/common';
import { type CallContext, Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { type InputOf, isTollgateError, securityReportAttempts } from '@tollgate/contracts';
import type { EventStore } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { EVENT_STORE, STREAM_VERSIONS } from '../ports.ts';
import type { StreamVersions } from './ports.ts';

type Attempts = InputOf<typeof securityReportAttempts>['attempts'][number];

/** Verifiers that report the same token at the same time race for its stream; each round one of them wins. */
const roundsMax = 50;

/** Records what verifiers refused. Nothing is decided here, so the stream is not read; a repetition is recorded once. */
@Handles(securityReportAttempts)
export class ReportAttempts implements OperationHandler<typeof securityReportAttempts> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(STREAM_VERSIONS) private readonly streams: StreamVersions,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input: { incarnation, attempts }, call }: OperationMessage<typeof securityReportAttempts>) {
    const recorded = await Promise.all(attempts.map((each) => this.#record(incarnation, each, call)));
    return { recorded: recorded.filter(Boolean).length };
  }

  async #record(incarnation: string, attempts: Attempts, call: CallContext): Promise<boolean> {
    for (let round = 1; ; round++) {
      try {
        return await this.#append(incarnation, attempts, call);
      } catch (error) {
        if (!isTollgateError(error, 'CONFLICT') || round === roundsMax) throw error;
      }
    }
  }

  async #append(incarnation: string, attempts: Attempts, { requestId }: CallContext): Promise<boolean> {
    const { org, tok: tokenId, reason, minute, count, part } = attempts;
    const stream = `security-${org}.${tokenId}`;
    const { replayed } = await this.store.append({
      stream,
      expectedVersion: await this.streams.versionOf(stream),
      orgId: org,
      events: [{ type: 'AttemptsRefused', data: { tokenId, reason, minute, count } }],
      meta: {
        actor: { type: 'service', id: 'auth-verifier' },
        correlationId: requestId,
        causationId: requestId,
        requestId: null,
        contextCommitment: null,
        traceparent: null,
      },
      at: this.clock.now(),
      idempotency: {
        orgId: org,
        caller: `service:${incarnation}`,
        operation: securityReportAttempts.name,
        key: `${tokenId}.${reason}.${minute}.${part}`,
        requestHash: '',
        answer: () => ({}),
      },
    });
    return !replayed;
  }
}
