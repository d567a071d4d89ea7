import { Handles, type OperationHandler } from '@tollgate/bus';
import { TollgateError, tokensDelete } from '@tollgate/contracts';

@Handles(tokensDelete)
export class DeleteToken implements OperationHandler<typeof tokensDelete> {
  execute(): Promise<never> {
    return Promise.reject(
      new TollgateError(
        'TOKENS_ARE_REVOKED_NOT_DELETED',
        'A token leaves traces that must stay. Revoke it: POST /v1/orgs/:org/tokens/:tok/revoke.',
      ),
    );
  }
}
