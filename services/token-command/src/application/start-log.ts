import { Inject, Injectable } from '@nestjs/common';
import { defaultProduct, isTollgateError } from '@tollgate/contracts';
import type { EventStore, StreamReader } from '@tollgate/event-log';
import { fold } from '../domain/aggregate.ts';
import { clock } from '../domain/clock.ts';
import { product, registerProduct } from '../domain/product.ts';
import { AuthorityClock } from './authority-clock.ts';
import { streamName } from './command-runner.ts';
import { developmentClockId } from './development/set-clock.ts';
import { EVENT_STORE, STREAMS } from './ports.ts';
import { metaOf } from './provenance.ts';

/** What must hold before the first command: the development clock's offset is known, and the default product is in the log. */
@Injectable()
export class StartLog {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly authority: AuthorityClock,
  ) {}

  async run(): Promise<void> {
    const moved = fold(clock, await this.streams.readStream(streamName(clock, developmentClockId)));
    this.authority.advanceTo(moved.state.offsetMs);

    const stream = streamName(product, defaultProduct.key);
    const { state, version } = fold(product, await this.streams.readStream(stream));
    const events = registerProduct(state, { product: defaultProduct });
    if (events.length === 0) return;
    try {
      await this.store.append({
        stream,
        expectedVersion: version,
        orgId: null,
        events,
        meta: metaOf({ type: 'system', id: 'token-command' }, 'start'),
        at: this.authority.now(),
      });
    } catch (error) {
      // Another process of this service was first.
      if (!isTollgateError(error, 'CONFLICT')) throw error;
    }
  }
}
