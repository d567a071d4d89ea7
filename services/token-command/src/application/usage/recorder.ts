import { Inject, Injectable } from '@nestjs/common';
import type { AppendRequest, AppendResult, EventStore } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { EVENT_STORE } from '../ports.ts';

/** Appends what happened elsewhere: nothing is decided about it, so no other change can come first. */
@Injectable()
export class Recorder {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly clock: AuthorityClock,
  ) {}

  record(request: Omit<AppendRequest, 'expectedVersion' | 'at'>): Promise<AppendResult> {
    return this.store.append({ ...request, expectedVersion: 'any', at: this.clock.now() });
  }
}
