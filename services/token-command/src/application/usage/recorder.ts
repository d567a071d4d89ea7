import { Inject, Injectable } from '@nestjs/common';
import { isTollgateError } from '@tollgate/contracts';
import type { AppendRequest, AppendResult, EventStore } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { EVENT_STORE, STREAM_VERSIONS } from '../ports.ts';
import type { StreamVersions } from './ports.ts';

/** Those who record in the same stream at the same time race for it; each round one of them wins. */
const roundsMax = 50;

/** Appends what happened elsewhere. Nothing is decided about it, so it goes to the end of its stream, wherever that is. */
@Injectable()
export class Recorder {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(STREAM_VERSIONS) private readonly versions: StreamVersions,
    private readonly clock: AuthorityClock,
  ) {}

  async record(request: Omit<AppendRequest, 'expectedVersion' | 'at'>): Promise<AppendResult> {
    for (let round = 1; ; round++) {
      const expectedVersion = await this.versions.versionOf(request.stream);
      try {
        return await this.store.append({ ...request, expectedVersion, at: this.clock.now() });
      } catch (error) {
        if (!isTollgateError(error, 'CONFLICT') || round === roundsMax) throw error;
      }
    }
  }
}
