import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler } from '@tollgate/bus';
import { auditPublicKey, type OutputOf } from '@tollgate/contracts';
import { CHECKPOINTS, type Checkpoints } from './ports.ts';

/** The key that checks checkpoints. */
@Handles(auditPublicKey)
export class ShowPublicKey implements OperationHandler<typeof auditPublicKey> {
  constructor(@Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints) {}

  execute(): Promise<OutputOf<typeof auditPublicKey>> {
    return Promise.resolve({ key: this.checkpoints.publicKey });
  }
}
