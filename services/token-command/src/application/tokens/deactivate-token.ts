import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensDeactivate } from '@tollgate/contracts';
import { deactivateToken } from '../../domain/token.ts';
import { TokenNarrowing } from './narrowing.ts';

@Handles(tokensDeactivate)
export class DeactivateToken implements OperationHandler<typeof tokensDeactivate> {
  constructor(private readonly narrowing: TokenNarrowing) {}

  execute(message: OperationMessage<typeof tokensDeactivate>) {
    return this.narrowing.run(tokensDeactivate, message, deactivateToken);
  }
}
