import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { BillingEventData } from '@tollgate/contracts';
import { linesOf } from '../../domain/lines.ts';
import { seatAsOf, type Seat } from '../../domain/seat.ts';
import { issueOf, lineIds } from '../line-ids.ts';
import { BALANCE_CHECK, type BalanceCheck } from '../charges/ports.ts';
import { LEDGERS, type Ledger, type Ledgers } from '../ports.ts';
import { BOOKS, FACTS, type Books, type Facts, type PostedLine, type StatementRecord } from './ports.ts';

const pageSize = 500;
/** Differences that are named per organization. */
const namedMax = 20;

export interface OrganizationReport {
  statements: number;
  lines: number;
  events: number;
  differences: string[];
}

/** Compares what follows from the main log with what the books say. */
@Injectable()
export class Reconciler {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(FACTS) private readonly facts: Facts,
    @Inject(BALANCE_CHECK) private readonly balances: BalanceCheck,
  ) {}

  /** What keeps statement `no` from being issued: the one before doesn't agree with the log. null: nothing. */
  async beforeClosing(orgId: string, no: number): Promise<string | null> {
    if (no === 1) return null;
    await this.books.caughtUp();
    const [first] = await this.statement(orgId, no - 1);
    return first ?? null;
  }

  /**
   * Everything about one organization: its seats against the log, each statement against its lines and these against the
   * log, the balance and its charges, the sequence and what the stream carried against the billing log.
   */
  async organization(orgId: string, position: number): Promise<OrganizationReport> {
    const report: OrganizationReport = { statements: 0, lines: 0, events: 0, differences: [] };
    report.differences.push(...(await this.#seats(orgId, position)));
    const { statements, untoldSeats } = await this.books.overview(orgId, (await this.books.progress()).position);
    if (untoldSeats > 0) report.differences.push(`${untoldSeats} seats of ${orgId} were not told to finance`);
    for (const [index, no] of statements.entries()) {
      if (no !== index + 1) report.differences.push(`statement ${index + 1} of ${orgId} is missing`);
      const record = await this.books.statement(orgId, no);
      // One that is being closed is compared once it is issued.
      if (!record?.issue) continue;
      report.statements++;
      report.lines += record.issue.lines + record.issue.adjustments;
      report.differences.push(...(await this.statement(orgId, no)));
    }
    report.differences.push(...(await this.#balance(orgId)));
    const feed = await this.books.feedDifferences(orgId);
    report.events = feed.events;
    report.differences.push(...feed.differences);
    report.differences.splice(namedMax);
    return report;
  }

  /** The balance and its charges, folded anew from the billing log, against what is shown; and whether money was lost or made. */
  async #balance(orgId: string): Promise<string[]> {
    const { shown, folded, charges, paidIn } = await this.balances.compare(orgId);
    const differences = charges.map((chargeId) => `the charge ${chargeId} of ${orgId} is not what the log says`);
    if (!isDeepStrictEqual(shown, folded)) differences.push(`the balance of ${orgId} is not what the log says`);
    const { available, held, toppedUp, captured } = folded;
    if (toppedUp - captured !== available + held)
      differences.push(
        `the balance of ${orgId} does not add up: ${toppedUp} topped up, ${captured} captured, ${available + held} left`,
      );
    if (paidIn !== toppedUp)
      differences.push(`${orgId} has paid in ${paidIn} micro-units, and ${toppedUp} are in its balance`);
    return differences;
  }

  async #seats(orgId: string, position: number): Promise<string[]> {
    const folded = new Map((await this.facts.foldedSeats(orgId, position)).map((seat) => [seat.tokenId, seat]));
    const differences: string[] = [];
    for (const current of await this.facts.allSeats(orgId)) {
      // The read model may be further than the log was read.
      const seat = seatAsOf(current, position);
      if (!seat) continue;
      const expected = folded.get(seat.tokenId);
      folded.delete(seat.tokenId);
      if (!expected) differences.push(`the seat ${seat.tokenId} of ${orgId} follows from nothing in the log`);
      else if (!isDeepStrictEqual(comparable(seat), comparable(expected))) {
        differences.push(`the seat ${seat.tokenId} of ${orgId} is not what the log says`);
      }
    }
    for (const tokenId of folded.keys()) differences.push(`the seat ${tokenId} of ${orgId} is missing`);
    return differences;
  }

  /** Differences of one statement: its lines against the log, its total and counts against its lines. */
  async statement(orgId: string, no: number): Promise<string[]> {
    const [ledger, record] = [await this.ledgers.find(orgId), await this.books.statement(orgId, no)];
    const name = `statement ${no} of ${orgId}`;
    if (!ledger) return [`${name}: the organization is not in the log`];
    if (!record) return [`${name} is missing`];
    const differences: string[] = [];
    const { posted, sum, adjustments } = await this.#compareLines(ledger, record, differences);
    const { issue } = record;
    if (issue) {
      if (issue.total.amount !== String(sum))
        differences.push(`${name} says ${issue.total.amount} and its lines add up to ${sum}`);
      if (issue.lines !== posted || issue.adjustments !== adjustments) {
        differences.push(
          `${name} says ${issue.lines} lines and ${issue.adjustments} adjustments; there are ${posted} and ${adjustments}`,
        );
      }
    }
    return differences.slice(0, namedMax);
  }

  async #compareLines({ subscriber, prices }: Ledger, { no, closing }: StatementRecord, differences: string[]) {
    const { orgId } = subscriber;
    const posted = new LineReader(this.books, orgId, no);
    for await (const line of this.#expected({ subscriber, prices }, closing, no)) {
      const found = await posted.next();
      if (!found || found.kind !== 'line') {
        differences.push(`statement ${no} of ${orgId} lacks the line ${line.id} of ${line.tokenId}`);
        if (differences.length > namedMax) break;
      } else if (!isDeepStrictEqual(found.data, line)) {
        differences.push(`line ${found.id} of statement ${no} of ${orgId} is not what the log says (${line.id})`);
        if (differences.length > namedMax) break;
      }
    }
    const lines = posted.read;
    let adjustments = 0;
    for (let found = await posted.next(); found; found = await posted.next()) {
      if (found.kind === 'adjustment') adjustments++;
      else differences.push(`line ${found.id} of statement ${no} of ${orgId} follows from nothing in the log`);
    }
    return { posted: lines, adjustments, sum: posted.sum };
  }

  async *#expected(
    { subscriber, prices }: Pick<Ledger, 'subscriber' | 'prices'>,
    closing: BillingEventData<'PeriodClosed'>,
    no: number,
  ) {
    const { period, tzdb, mainPosition: asOf } = closing;
    const { orgId } = subscriber;
    const worked = linesOf({ subscriber, prices, period, tzdb, asOf, idOf: lineIds(issueOf(orgId, no)) });
    for (let after = 0; ;) {
      const page = await this.facts.seatsWithin(orgId, { ...period, asOf }, after, pageSize);
      for (const seat of page) yield* worked(seat);
      if (page.length < pageSize) return;
      after = page.at(-1)!.openedPosition;
    }
  }
}

/** Without what only says which event came last. */
function comparable({ movedPosition: _, ...seat }: Seat): Omit<Seat, 'movedPosition'> {
  return seat;
}

/** Reads the lines of a statement in their order, a page at a time, and adds them up. */
class LineReader {
  read = 0;
  sum = 0n;
  #page: PostedLine[] = [];
  #last = 0;
  #ended = false;

  constructor(
    private readonly books: Books,
    private readonly orgId: string,
    private readonly no: number,
  ) {}

  async next(): Promise<PostedLine | undefined> {
    if (this.#page.length === 0 && !this.#ended) {
      this.#page = await this.books.lines(this.orgId, this.no, this.#last, pageSize);
      this.#ended = this.#page.length < pageSize;
    }
    const line = this.#page.shift();
    if (line) {
      this.read++;
      this.#last = line.lineNo;
      this.sum += BigInt(line.amount);
    }
    return line;
  }
}
