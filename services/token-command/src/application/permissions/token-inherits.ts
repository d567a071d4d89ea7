import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensInheritedPermissions } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { READ_MODEL, STREAMS } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import { readToken } from '../tokens/read-token.ts';
import { Inheritance } from './inheritance.ts';

@Handles(tokensInheritedPermissions)
export class TokenInherits implements OperationHandler<typeof tokensInheritedPermissions> {
  constructor(
    private readonly inheritance: Inheritance,
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input: { org, tok, atLeast } }: OperationMessage<typeof tokensInheritedPermissions>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const { accountId, scope, teamId } = await readToken(this.streams, org, tok);
    const spaceId = scope.type === 'single-space' ? scope.spaceId : null;
    return this.inheritance.of(org, { accountId, spaceId, teamId });
  }
}
