import { Inject, Injectable } from '@nestjs/common';
import { graceMs } from '../../domain/periods.ts';
import { missingRecords } from '../../domain/seat-record.ts';
import { LEDGERS, type Ledger, type Ledgers } from '../ports.ts';
import {
  BILLING_WRITER,
  FACTS,
  type BillingWriter,
  type Facts,
  type Progress,
  type RecordedSeat,
  type SeatPlace,
} from './ports.ts';

/** Seats that are held in memory at a time. */
const pageSize = 500;

/** Tells finance of seats: that they opened, at what terms, that these changed, that they closed. */
@Injectable()
export class SeatClerk {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(FACTS) private readonly facts: Facts,
    @Inject(BILLING_WRITER) private readonly writer: BillingWriter,
  ) {}

  /**
   * Records what happened between two standings of the main log and authority times. What was recorded already is passed
   * over, so a stretch may be repeated.
   */
  async record(from: Progress, to: Progress): Promise<void> {
    const at = new Date(to.atMs).toISOString();
    let ledger: Ledger | null = null;
    for (let place: SeatPlace | null = null; ;) {
      const page = await this.facts.stirredSeats(from, to, place, pageSize);
      for (const [orgId, seats] of Map.groupBy(page, ({ seat }) => seat.orgId)) {
        if (ledger?.subscriber.orgId !== orgId) ledger = await this.ledgers.find(orgId);
        if (ledger) await this.#tell(ledger, seats, to, at);
      }
      if (page.length < pageSize) break;
      place = (page.at(-1) as RecordedSeat).seat;
    }
  }

  async #tell(ledger: Ledger, seats: readonly RecordedSeat[], to: Progress, at: string): Promise<void> {
    const { subscriber, prices } = ledger;
    const times = { nowMs: to.atMs, expiredMs: to.atMs - graceMs };
    const [first, ...also] = seats.flatMap(({ seat, record, version }) => {
      const events = missingRecords({ subscriber, prices, asOf: to.position }, seat, record, times);
      return events.length === 0 ? [] : [{ stream: `seat-${seat.tokenId}`, expectedVersion: version, events }];
    });
    if (first) await this.writer.append({ ...first, also, orgId: subscriber.orgId, at });
  }
}
