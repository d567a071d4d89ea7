import { Inject, Injectable } from '@nestjs/common';
import { TollgateError } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { EVENT_SOURCE } from './ports.ts';

/** For reads that fold streams: the log itself is the read model, so a position it has given out is there. */
@Injectable()
export class LogPosition {
  constructor(@Inject(EVENT_SOURCE) private readonly source: EventSource) {}

  /** READ_MODEL_BEHIND for a position that the log has not given out. */
  async reaches(atLeast: number | undefined): Promise<void> {
    if (atLeast === undefined) return;
    const head = await this.source.head();
    if (head < atLeast)
      throw new TollgateError(
        'READ_MODEL_BEHIND',
        `The log stands at position ${head}. Ask again, or with a position that a change has answered.`,
      );
  }
}
