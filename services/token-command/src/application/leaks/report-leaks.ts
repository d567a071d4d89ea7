import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { leaksReport } from '@tollgate/contracts';
import { digestSecret, parseSecret } from '@tollgate/credential';
import type { EventSource } from '@tollgate/event-log';
import { leakResponseOf, organization } from '../../domain/organization.ts';
import { reportLeak, token } from '../../domain/token.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { EVENT_SOURCE, READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { TokenList } from '../tokens/ports.ts';

type Message = OperationMessage<typeof leaksReport>;
type Report = Message['input']['reports'][number];

@Handles(leaksReport)
export class ReportLeaks implements OperationHandler<typeof leaksReport> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
  ) {}

  async execute(message: Message) {
    await this.readModel.waitFor(await this.source.head());
    const labels = [];
    let position = 0;
    for (const report of message.input.reports) {
      const digest = digestSecret(report.token);
      const stoppedAt = await this.#stop(report, digest, message);
      position = Math.max(position, stoppedAt ?? 0);
      const label = stoppedAt === null ? ('false_positive' as const) : ('true_positive' as const);
      labels.push({ token_hash: digest, token_type: report.type, label });
    }
    // One barrier for all: whoever reported may tell the world that they are dead.
    if (position > 0) await this.barrier.run(position);
    return labels;
  }

  /** Position of the token's last event, or null for a text that never was a secret of ours. */
  async #stop({ token: text, source, url }: Report, digest: string, message: Message): Promise<number | null> {
    if (parseSecret(text).kind === 'malformed') return null;
    const found = await this.list.findByDigest(digest);
    if (!found) return null;
    const { position } = await this.commands.run({
      operation: leaksReport,
      // Stopping a token twice is no harm, and one key cannot stand for several tokens.
      message: { ...message, call: { ...message.call, idempotencyKey: null, ifMatch: null } },
      orgId: found.orgId,
      aggregate: token,
      id: found.id,
      restsOn: [[organization, found.orgId]],
      decide: (state, context, now) => {
        const response = leakResponseOf(context.of(organization, found.orgId).state);
        return reportLeak(state, { digest, source, url: url === '' ? null : url, response, now });
      },
    });
    return position;
  }
}
