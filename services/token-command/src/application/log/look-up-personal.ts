import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { personalLookup } from '@tollgate/contracts';
import { type People, PEOPLE } from '../ports.ts';

@Handles(personalLookup)
export class LookUpPersonal implements OperationHandler<typeof personalLookup> {
  constructor(@Inject(PEOPLE) private readonly people: People) {}

  async execute({ input: { accountIds, requestIds } }: OperationMessage<typeof personalLookup>) {
    const [people, requests] = await Promise.all([this.people.find(accountIds), this.people.requests(requestIds)]);
    return {
      accounts: Object.fromEntries([...people].map(([id, { name }]) => [id, { name }])),
      requests: Object.fromEntries(requests),
    };
  }
}
