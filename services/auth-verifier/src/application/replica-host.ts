import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { VerifierHost } from '@tollgate/verifier-host';

/** The verifier of this process. The service says that it is not ready until the replica is. */
@Injectable()
export class ReplicaHost extends VerifierHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  onApplicationBootstrap(): void {
    this.start();
  }

  /** No request is in flight any more: the transports are closed. */
  beforeApplicationShutdown(): Promise<void> {
    return this.stop();
  }
}
