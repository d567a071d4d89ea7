import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { teamsList } from '@tollgate/contracts';
import type { DirectoryList } from '../accounts/ports.ts';
import { pageOf, pageStart } from '../paging.ts';
import { DIRECTORY_LIST, READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';

@Handles(teamsList)
export class ListTeams implements OperationHandler<typeof teamsList> {
  constructor(
    @Inject(DIRECTORY_LIST) private readonly directory: DirectoryList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input: { org, limit, cursor, atLeast } }: OperationMessage<typeof teamsList>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const rows = await this.directory.teams(org, pageStart('teams', org, cursor), limit + 1);
    return pageOf('teams', org, limit, rows, (row) => ({ ...row, projects: [...row.projects], orgId: org }));
  }
}
