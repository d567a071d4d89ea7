import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensEndOverlap } from '@tollgate/contracts';
import { endOverlap } from '../../domain/token.ts';
import { TokenNarrowing } from './narrowing.ts';

@Handles(tokensEndOverlap)
export class EndOverlap implements OperationHandler<typeof tokensEndOverlap> {
  constructor(private readonly narrowing: TokenNarrowing) {}

  execute(message: OperationMessage<typeof tokensEndOverlap>) {
    return this.narrowing.run(tokensEndOverlap, message, endOverlap);
  }
}
