import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRevokeAll } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { isExpired, revokeToken, theToken, token, type TokenState } from '../../domain/token.ts';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner, type Outcome } from '../command-runner.ts';
import { RevocationBarrier } from '../leases/revocation-barrier.ts';
import { EVENT_SOURCE, READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { TokenList } from './ports.ts';
import { presentRow, TokenPresenter } from './present.ts';

/** As many as one append takes in a moment and one answer holds. */
const tokensMax = 1_000;

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

    const keyed = { operation: tokensRevokeAll, message, orgId: org, aggregate: token };
    const [first, ...others] = found.map(({ id }) => id);
    // A repetition finds nothing more to revoke, and is answered with what the first call revoked.
    if (first === undefined) return this.#answer(await this.commands.earlier(keyed), { head, more });
    const outcome = await this.commands.run({
      ...keyed,
      id: first,
      restsOn: others.map((id) => [token, id] as const),
      decide: (state, _, at) => revokeIfLive(state, reason, at),
      also: (context, at) =>
        others.map((id) => ({ id, events: revokeIfLive(context.of(token, id).state, reason, at) })),
    });
    return this.#answer(outcome, { head, more });
  }

  /** Runs the barrier also when there was nothing to revoke: whoever asks may rest on an earlier revoke that still waits. */
  async #answer(outcome: Outcome<TokenState> | null, { head, more }: { head: number; more: boolean }) {
    const position = outcome?.position ?? head;
    const barrier = await this.barrier.run(position);
    const items = outcome ? await this.presenter.presentAll([outcome, ...outcome.others]) : [];
    return { items, dryRun: false, more, position, barrier };
  }
}

/** One that expired since it was listed needs no revoking. */
function revokeIfLive(state: Parameters<typeof revokeToken>[0], reason: string | null, now: string) {
  return isExpired(theToken(state), now) ? [] : revokeToken(state, { reason, now });
}
