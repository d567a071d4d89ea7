import { Inject, Injectable } from '@nestjs/common';
import type { BillingEventData } from '@tollgate/contracts';
import { createLogger } from '@tollgate/telemetry';
import { adjustmentOf } from '../../domain/adjustment.ts';
import { linesOf } from '../../domain/lines.ts';
import { graceMs, periodOfStatement } from '../../domain/periods.ts';
import type { Seat } from '../../domain/seat.ts';
import { adjustmentId, issueOf, lineIds } from '../line-ids.ts';
import { LEDGERS, type Ledger, type Ledgers } from '../ports.ts';
import { Posting } from './posting.ts';
import { BILLING_WRITER, BOOKS, FACTS, type BillingWriter, type Books, type Facts, type LateFact } from './ports.ts';

/** Seats that are held in memory at a time. */
const pageSize = 1_000;

type Closing = BillingEventData<'PeriodClosed'>;

export interface ClosingRequest {
  readonly orgId: string;
  readonly no: number;
  /** The main log is applied up to here, and nothing after it counts for the period. */
  readonly mainPosition: number;
  /** Authority time. */
  readonly at: string;
}

/** Closes periods and issues their statements. Only the leading process does. */
@Injectable()
export class StatementCloser {
  readonly #logger = createLogger('closing');

  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(FACTS) private readonly facts: Facts,
    @Inject(BILLING_WRITER) private readonly writer: BillingWriter,
  ) {}

  /**
   * Closes one period: says by which position of the main log, posts a line for each seat, issues the statement. A closing
   * that was interrupted goes on where it stopped, by the position it began with: the lines are the same, so those that
   * are there already are only counted.
   */
  async close(request: ClosingRequest): Promise<void> {
    const { orgId, no } = request;
    const startedMs = performance.now();
    const ledger = await this.ledgers.find(orgId);
    if (!ledger) throw new Error(`there is no ledger of ${orgId}`);
    const begun = await this.books.statement(orgId, no);
    if (begun?.issue) return;
    if (begun) this.#logger.info({ orgId, no, posted: begun.version - 1 }, 'the closing goes on where it stopped');
    const closing = begun?.closing ?? (await this.#begin(request, ledger));
    const posting = new Posting(this.writer, request, begun?.version ?? 1, ledger.subscriber.currency);
    const worked = linesOf({ ...ledger, ...sourceOf(closing), idOf: lineIds(issueOf(orgId, no)) });
    for await (const seats of this.#seats(orgId, closing)) {
      for (const seat of seats) for (const line of worked(seat)) await posting.line(line);
    }
    for await (const adjustment of this.#adjustments(request, ledger, closing)) await posting.adjustment(adjustment);
    const { lines, adjustments, total } = await posting.issue(closing);
    const elapsedMs = Math.round(performance.now() - startedMs);
    this.#logger.info({ orgId, no, lines, adjustments, total, elapsedMs }, 'statement issued');
  }

  async #begin({ orgId, no, mainPosition, at }: ClosingRequest, { subscriber }: Ledger) {
    const { currency, timeZone, billing } = subscriber;
    const period = periodOfStatement(subscriber, no);
    const data: Closing = {
      no,
      period,
      currency,
      timeZone,
      interval: billing.interval,
      policy: billing.policy,
      tzdb: process.versions['tz'] ?? 'unknown',
      mainPosition,
      watermark: new Date(Date.parse(period.end) + graceMs).toISOString(),
    };
    const stream = `statement-${issueOf(orgId, no)}`;
    await this.writer.append({ orgId, stream, expectedVersion: 0, events: [{ type: 'PeriodClosed', data }], at });
    return data;
  }

  async *#seats(orgId: string, { period, mainPosition }: Closing): AsyncGenerator<Seat[]> {
    for (let after = 0; ;) {
      const page = await this.facts.seatsWithin(orgId, { ...period, asOf: mainPosition }, after, pageSize);
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = (page.at(-1) as Seat).openedPosition;
    }
  }

  /** What facts that came after the statement before, about a time before its end, change in the statements up to it. */
  async *#adjustments({ orgId, no }: ClosingRequest, ledger: Ledger, closing: Closing) {
    const previous = no > 1 ? await this.#closingOf(orgId, no - 1) : null;
    if (!previous) return;
    const end = previous.period.end;
    const late = await this.facts.lateFacts(orgId, previous.mainPosition, closing.mainPosition, end);
    if (late.length === 0) return;
    await this.books.caughtUp();
    const earliestMs = Math.min(...late.map(({ from }) => Date.parse(from)));
    for (let statement = 1; statement < no; statement++) {
      const adjusted = statement === no - 1 ? previous : await this.#closingOf(orgId, statement);
      if (!adjusted || Date.parse(adjusted.period.end) <= earliestMs) continue;
      const standing = { ...adjusted, mainPosition: closing.mainPosition };
      const worked = linesOf({ ...ledger, ...sourceOf(standing), idOf: lineIds(`${issueOf(orgId, no)} ${statement}`) });
      for await (const seats of this.#affected(orgId, adjusted, late)) {
        for (const seat of seats) {
          const adjustment = adjustmentOf({
            id: adjustmentId(issueOf(orgId, no), statement, seat.tokenId),
            statement,
            period: adjusted.period,
            seat,
            posted: await this.books.postedFor(orgId, statement, seat.tokenId, no),
            corrected: worked(seat),
            currency: ledger.subscriber.currency,
            lateFacts: late
              .filter(({ tokenId }) => tokenId === null || tokenId === seat.tokenId)
              .map((f) => f.evidence),
          });
          if (adjustment) yield adjustment;
        }
      }
    }
  }

  async *#affected(orgId: string, adjusted: Closing, late: readonly LateFact[]): AsyncGenerator<Seat[]> {
    if (late.some(({ tokenId }) => tokenId === null)) {
      yield* this.#seats(orgId, adjusted);
    } else {
      yield await this.facts.seatsOf(orgId, [...new Set(late.flatMap(({ tokenId }) => tokenId ?? []))]);
    }
  }

  async #closingOf(orgId: string, no: number): Promise<Closing | null> {
    const known = await this.books.statement(orgId, no);
    if (known) return known.closing;
    await this.books.caughtUp();
    return (await this.books.statement(orgId, no))?.closing ?? null;
  }
}

/** By what a period's lines are worked out. */
function sourceOf({ period, tzdb, mainPosition }: Closing) {
  return { period, tzdb, asOf: mainPosition };
}
