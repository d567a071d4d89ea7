import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { projectsList } from '@tollgate/contracts';
import type { DirectoryList } from '../accounts/ports.ts';
import { pageOf, pageStart } from '../paging.ts';
import { DIRECTORY_LIST, READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';

@Handles(projectsList)
export class ListProjects implements OperationHandler<typeof projectsList> {
  constructor(
    @Inject(DIRECTORY_LIST) private readonly directory: DirectoryList,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input: { org, limit, cursor, atLeast } }: OperationMessage<typeof projectsList>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const rows = await this.directory.projects(org, pageStart('projects', org, cursor), limit + 1);
    return pageOf('projects', org, limit, rows, (row) => ({ ...row, orgId: org }));
  }
}
