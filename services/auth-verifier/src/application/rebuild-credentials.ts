import { Handles, type OperationHandler } from '@tollgate/bus';
import { rebuildCredentials, type RebuildReport } from '@tollgate/contracts';
import { ReplicaHost } from './replica-host.ts';

/** Rebuilds the replica of the process that the request reaches. */
@Handles(rebuildCredentials)
export class RebuildCredentials implements OperationHandler<typeof rebuildCredentials> {
  constructor(private readonly host: ReplicaHost) {}

  execute(): Promise<RebuildReport> {
    return this.host.rebuild();
  }
}
