import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { replicaSnapshot } from '@tollgate/contracts';
import { REPLICA_ROWS, type ReplicaRows } from '../ports.ts';

@Handles(replicaSnapshot)
export class ReadSnapshot implements OperationHandler<typeof replicaSnapshot> {
  constructor(@Inject(REPLICA_ROWS) private readonly rows: ReplicaRows) {}

  execute({ input: { after } }: OperationMessage<typeof replicaSnapshot>) {
    return this.rows.page(after);
  }
}
