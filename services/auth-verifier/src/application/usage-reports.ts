import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { UsageReporter } from '@tollgate/verifier-host';

/** What this process counts. A shutdown hands over all of it. */
@Injectable()
export class UsageReports extends UsageReporter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  onApplicationBootstrap(): void {
    this.start();
  }

  /** No request is in flight any more: the transports are closed. */
  beforeApplicationShutdown(): Promise<void> {
    return this.stop();
  }
}
