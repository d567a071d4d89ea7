import { Inject } from '@nestjs/common';
import { agentsList } from '@tollgate/contracts';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { AuthorityClock } from '../authority-clock.ts';
import { pageOf, pageStart } from '../paging.ts';
import { READ_MODEL, TOKEN_LIST } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { TokenList } from '../tokens/ports.ts';
import { presentAgentRow } from './present.ts';

@Handles(agentsList)
export class ListAgents implements OperationHandler<typeof agentsList> {
  constructor(
    @Inject(TOKEN_LIST) private readonly list: TokenList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    private readonly clock: AuthorityClock,
  ) {}

  async execute({ input: { org, limit, cursor, atLeast } }: OperationMessage<typeof agentsList>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const rows = await this.list.agents(org, pageStart('agents', org, cursor), limit + 1);
    const now = this.clock.now();
    return pageOf('agents', org, limit, rows, (row) => presentAgentRow(org, row, now));
  }
}
