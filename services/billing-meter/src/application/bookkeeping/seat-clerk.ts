import { Inject, Injectable } from '@nestjs/common';
import { graceMs } from '../../domain/periods.ts';
import { missingRecords } from '../../domain/seat-record.ts';
import type { Seat } from '../../domain/seat.ts';
import { LEDGERS, type Ledger, type Ledgers } from '../ports.ts';
import {
  BILLING_WRITER,
  BOOKS,
  FACTS,
  stirredBy,
  type BillingWriter,
  type Books,
  type Facts,
  type Progress,
  type RecordedSeat,
  type StirredBy,
} from './ports.ts';

/** Seats that are held in memory at a time. */
const pageSize = 500;

/** Tells finance of seats: that they opened, at what terms, that these changed, that they closed. */
@Injectable()
export class SeatClerk {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(FACTS) private readonly facts: Facts,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(BILLING_WRITER) private readonly writer: BillingWriter,
  ) {}

  /**
   * Records what happened between two standings of the main log and authority times. What was recorded already is passed
   * over, so a stretch may be repeated.
   */
  async record(from: Progress, to: Progress): Promise<void> {
    for (const by of stirredBy) {
      const told = await this.#walk(by, from, to);
      // A seat may be found for two reasons; the second time it must be seen what was told the first time.
      if (told) await this.books.caughtUp();
    }
  }

  /** True: something was told. */
  async #walk(by: StirredBy, from: Progress, to: Progress): Promise<boolean> {
    let told = false;
    let ledger: Ledger | null = null;
    for (let last: Seat | null = null; ;) {
      const page = await this.facts.stirredSeats(by, from, to, last, pageSize);
      for (const [orgId, seats] of Map.groupBy(page, ({ seat }) => seat.orgId)) {
        if (ledger?.subscriber.orgId !== orgId) ledger = await this.ledgers.find(orgId);
        if (ledger && (await this.#tell(ledger, seats, to))) told = true;
      }
      if (page.length < pageSize) return told;
      last = (page.at(-1) as RecordedSeat).seat;
    }
  }

  async #tell(ledger: Ledger, seats: readonly RecordedSeat[], to: Progress): Promise<boolean> {
    const at = new Date(to.atMs).toISOString();
    const { subscriber, prices } = ledger;
    const times = { nowMs: to.atMs, expiredMs: to.atMs - graceMs };
    const [first, ...also] = seats.flatMap(({ seat, record, version }) => {
      const events = missingRecords({ subscriber, prices, asOf: to.position }, seat, record, times);
      return events.length === 0 ? [] : [{ stream: `seat-${seat.tokenId}`, expectedVersion: version, events }];
    });
    if (!first) return false;
    await this.writer.append({ ...first, also, orgId: subscriber.orgId, at });
    return true;
  }
}
