import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRevokeAll } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { isExpired, revokeToken, theToken, token } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { EVENT_SOURCE, READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { TokenList } from './ports.ts';
import { presentRow, TokenPresenter } from './present.ts';

/** As many as one append takes in a moment and one answer holds. */
const tokensMax = 1_000;
/** The id of no token. A call that finds nothing is a command on its empty stream, so that its key is kept as any other's. */
const none = 'none';

@Handles(tokensRevokeAll)
export class RevokeAll implements OperationHandler<typeof tokensRevokeAll> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly barrier: RevocationBarrier,
    private readonly presenter: TokenPresenter,
    private readonly clock: AuthorityClock,
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
  ) {}

  async execute(message: OperationMessage<typeof tokensRevokeAll>) {
    const { org, dryRun, reason = null, ...filters } = message.input;
    const head = await this.source.head();
    await this.readModel.waitFor(head);
    const now = this.clock.now();
    const query = { ...filters, orgId: org, sort: 'createdAt', descending: false, after: null, now } as const;
    const rows = await this.list.find({ ...query, live: true, limit: tokensMax + 1 });
    const more = rows.length > tokensMax;
    const found = rows.slice(0, tokensMax);
    if (dryRun) return { items: found.map((row) => presentRow(org, row, now)), dryRun, more };

    const [first = none, ...others] = found.map(({ id }) => id);
    const outcome = await this.commands.run({
      operation: tokensRevokeAll,
      message,
      orgId: org,
      aggregate: token,
      id: first,
      restsOn: others.map((id) => [token, id] as const),
      decide: (state, _, at) => (first === none ? [] : revokeIfLive(state, reason, at)),
      also: (context, at) =>
        others.map((id) => ({ id, events: revokeIfLive(context.of(token, id).state, reason, at) })),
    });
    const revoked = [outcome, ...outcome.others].filter(({ version }) => version > 0);
    // The barrier also when there was nothing to revoke: whoever asks may rest on an earlier revoke that still waits.
    const position = revoked.length > 0 ? outcome.position : head;
    const barrier = await this.barrier.run(position);
    return { items: await this.presenter.presentAll(revoked), dryRun: false, more, position, barrier };
  }
}

/** One that expired since it was listed needs no revoking. */
function revokeIfLive(state: Parameters<typeof revokeToken>[0], reason: string | null, now: string) {
  return isExpired(theToken(state), now) ? [] : revokeToken(state, { reason, now });
}
