import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { accountsList } from '@tollgate/contracts';
import { erasedName } from '../erased.ts';
import { pageOf, pageStart } from '../paging.ts';
import { DIRECTORY_LIST, type People, PEOPLE, READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { DirectoryList } from './ports.ts';

@Handles(accountsList)
export class ListAccounts implements OperationHandler<typeof accountsList> {
  constructor(
    @Inject(DIRECTORY_LIST) private readonly directory: DirectoryList,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input: { org, limit, cursor, atLeast } }: OperationMessage<typeof accountsList>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const rows = await this.directory.accounts(org, pageStart('accounts', org, cursor), limit + 1);
    const people = await this.people.find(rows.map(({ id }) => id));
    return pageOf('accounts', org, limit, rows, (row) => {
      const person = people.get(row.id);
      return {
        ...row,
        orgId: org,
        name: person?.name ?? erasedName,
        email: person?.email ?? null,
        externalSubject: person?.externalSubject ?? null,
      };
    });
  }
}
