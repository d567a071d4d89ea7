import { type CallContext, Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { type InputOf, securityReportAttempts } from '@tollgate/contracts';
import { metaOf } from '../provenance.ts';
import { Recorder } from './recorder.ts';

type Attempts = InputOf<typeof securityReportAttempts>['attempts'][number];

/** Records what verifiers refused; a repetition is recorded once. */
@Handles(securityReportAttempts)
export class ReportAttempts implements OperationHandler<typeof securityReportAttempts> {
  constructor(private readonly recorder: Recorder) {}

  async execute({ input: { incarnation, attempts }, call }: OperationMessage<typeof securityReportAttempts>) {
    const recorded = await Promise.all(attempts.map((each) => this.#record(incarnation, each, call)));
    return { recorded: recorded.filter(Boolean).length };
  }

  async #record(incarnation: string, attempts: Attempts, { requestId }: CallContext): Promise<boolean> {
    const { org, tok: tokenId, reason, minute, count, part } = attempts;
    const { replayed } = await this.recorder.record({
      stream: `security-${org}.${tokenId}`,
      orgId: org,
      events: [{ type: 'AttemptsRefused', data: { tokenId, reason, minute, count } }],
      meta: metaOf({ type: 'service', id: 'auth-verifier' }, requestId),
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
