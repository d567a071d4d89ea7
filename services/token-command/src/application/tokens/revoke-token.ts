import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensRevoke } from '@tollgate/contracts';
import { revokeToken } from '../../domain/token.ts';
import { TokenNarrowing } from './narrowing.ts';

@Handles(tokensRevoke)
export class RevokeToken implements OperationHandler<typeof tokensRevoke> {
  constructor(private readonly narrowing: TokenNarrowing) {}

  execute(message: OperationMessage<typeof tokensRevoke>) {
    return this.narrowing.run(tokensRevoke, message, revokeToken);
  }
}
