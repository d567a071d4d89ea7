import type { BillingAdjustment, BillingEvent, BillingEventData, BillingLine } from '@tollgate/contracts';
import { issueOf } from '../line-ids.ts';
import type { BillingWriter } from './ports.ts';
import type { ClosingRequest } from './statement-closer.ts';

/** Lines per transaction. */
const batchMax = 500;

/** Writes a statement's lines in their order, a batch at a time, and sums them up. */
export class Posting {
  readonly #writer: BillingWriter;
  readonly #request: ClosingRequest;
  readonly #currency: string;
  /** Of the stream, as it is written. */
  #version: number;
  /** Lines that an interrupted closing has posted, still to be passed. */
  #posted: number;
  #waiting: BillingEvent[] = [];
  #lines = 0;
  #adjustments = 0;
  #total = 0n;

  /** @param version of the statement's stream; its first event is the PeriodClosed, the others are lines */
  constructor(writer: BillingWriter, request: ClosingRequest, version: number, currency: string) {
    this.#writer = writer;
    this.#request = request;
    this.#version = version;
    this.#posted = version - 1;
    this.#currency = currency;
  }

  async line(line: BillingLine): Promise<void> {
    this.#lines++;
    await this.#post({ type: 'LinePosted', data: { no: this.#request.no, line } }, line);
  }

  async adjustment(adjustment: BillingAdjustment): Promise<void> {
    this.#adjustments++;
    await this.#post({ type: 'LineAdjusted', data: { no: this.#request.no, adjustment } }, adjustment);
  }

  async issue({ period }: BillingEventData<'PeriodClosed'>): Promise<BillingEventData<'StatementIssued'>> {
    const data: BillingEventData<'StatementIssued'> = {
      no: this.#request.no,
      period,
      lines: this.#lines,
      adjustments: this.#adjustments,
      total: { amount: String(this.#total), currency: this.#currency },
    };
    this.#waiting.push({ type: 'StatementIssued', data });
    await this.#write();
    return data;
  }

  async #post(event: BillingEvent, { amount }: { amount: { amount: string } }): Promise<void> {
    this.#total += BigInt(amount.amount);
    if (this.#posted > 0) {
      this.#posted--;
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length === batchMax) await this.#write();
  }

  async #write(): Promise<void> {
    const { orgId, no, at } = this.#request;
    const events = this.#waiting.splice(0);
    await this.#writer.append({
      orgId,
      stream: `statement-${issueOf(orgId, no)}`,
      expectedVersion: this.#version,
      events,
      at,
    });
    this.#version += events.length;
  }
}
