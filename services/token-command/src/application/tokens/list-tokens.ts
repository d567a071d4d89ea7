import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { decodeCursor, encodeCursor, tokensList } from '@tollgate/contracts';
import { AuthorityClock } from '../authority-clock.ts';
import { READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import { ownOnly } from '../visibility.ts';
import type { TokenList } from './ports.ts';
import { presentRow } from './present.ts';

@Handles(tokensList)
export class ListTokens implements OperationHandler<typeof tokensList> {
  constructor(
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input, call }: OperationMessage<typeof tokensList>) {
    const { org, limit, cursor, atLeast, sort: order, accountId, ...filters } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const own = ownOnly(call);
    if (own !== null && accountId !== undefined && accountId !== own) return { items: [], nextCursor: null };

    const sort = order.endsWith('name') ? ('name' as const) : ('createdAt' as const);
    const now = this.clock.now();
    // A cursor holds for the order it was issued in: another order is another list.
    const shape = [sort === 'name' ? 'string' : 'instant', 'string'] as const;
    const after =
      cursor === undefined
        ? null
        : (decodeCursor(`tokens ${order}`, org, cursor, shape) as unknown as readonly [string, string]);
    const rows = await this.list.find({
      ...filters,
      orgId: org,
      accountId: own ?? accountId,
      sort,
      descending: order.startsWith('-'),
      after,
      limit: limit + 1,
      now,
    });
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const nextCursor = rows.length > limit && last ? encodeCursor(`tokens ${order}`, org, [last[sort], last.id]) : null;
    return { items: shown.map((row) => presentRow(org, row, now)), nextCursor };
  }
}
