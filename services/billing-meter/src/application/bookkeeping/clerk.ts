import { Inject, Injectable } from '@nestjs/common';
import { isTollgateError } from '@tollgate/contracts';
import { isUnavailable } from '@tollgate/event-log';
import { createLogger } from '@tollgate/telemetry';
import { dueMs, periodOfStatement } from '../../domain/periods.ts';
import { LEDGERS, type Ledgers } from '../ports.ts';
import { BOOKS, FACTS, type Books, type Facts, type Standing, type StatementRecord } from './ports.ts';
import { Reconciler } from './reconciler.ts';
import { SeatClerk } from './seat-clerk.ts';
import { StatementCloser } from './statement-closer.ts';

interface NextStatement {
  readonly no: number;
  readonly dueMs: number;
}

/** Keeps the books up to date: one pass records what happened to seats, then closes the periods that fell due. */
@Injectable()
export class Clerk {
  readonly #logger = createLogger('clerk');
  readonly #next = new Map<string, NextStatement>();
  /** Organizations registered up to here are in the map. */
  #knownTo = 0;
  #passing: Promise<Standing> | undefined;
  /** The pass after the one under way. */
  #queued: Promise<Standing> | undefined;

  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(FACTS) private readonly facts: Facts,
    private readonly seats: SeatClerk,
    private readonly closer: StatementCloser,
    private readonly reconciler: Reconciler,
  ) {}

  /** Another process may have written since: what is known of the books is read again. */
  forget(): void {
    this.#next.clear();
    this.#knownTo = 0;
  }

  /** One pass at a time; whoever asks while one is under way gets the one after it. */
  pass(): Promise<Standing> {
    if (!this.#passing) return this.#start();
    this.#queued ??= this.#passing
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#start();
      });
    return this.#queued;
  }

  #start(): Promise<Standing> {
    const pass = this.#pass().finally(() => {
      if (this.#passing === pass) this.#passing = undefined;
    });
    this.#passing = pass;
    return pass;
  }

  async #pass(): Promise<Standing> {
    const standing = await this.facts.caughtUp();
    await this.books.caughtUp();
    const nowMs = Math.max(Date.now() + standing.clockOffsetMs, Date.parse(standing.lastAt));
    const reached = { position: standing.position, atMs: nowMs };
    await this.seats.record(await this.books.progress(), reached);
    await this.#learnOrganizations(standing.position);
    const halts = await this.books.halts();
    for (const [orgId, next] of this.#next) {
      if (next.dueMs > nowMs || halts.has(orgId)) continue;
      await this.#closeOrHalt(orgId, next, standing.position, nowMs);
    }
    // Progress says what can be read in the books: whoever compares them looks there, and so does who waited for this pass.
    await this.books.caughtUp();
    await this.books.saveProgress(reached);
    return standing;
  }

  /** What is wrong with one organization stops its closing alone; what is wrong with the servers ends the pass. */
  async #closeOrHalt(orgId: string, due: NextStatement, mainPosition: number, nowMs: number): Promise<void> {
    try {
      await this.#closeDue(orgId, due, mainPosition, nowMs);
    } catch (err) {
      if (isTollgateError(err) || isUnavailable(err)) throw err;
      this.#logger.error({ err, orgId, no: due.no }, 'the closing stops');
      await this.books.halt(orgId, `closing failed: ${(err as Error).message}`);
    }
  }

  /** Closes period after period. */
  async #closeDue(orgId: string, due: NextStatement, mainPosition: number, nowMs: number): Promise<void> {
    const at = new Date(nowMs).toISOString();
    for (let next = due; next.dueMs <= nowMs;) {
      const difference = await this.reconciler.beforeClosing(orgId, next.no);
      if (difference !== null) {
        this.#logger.error({ orgId, no: next.no, difference }, 'the closing stops: the books do not agree');
        return this.books.halt(orgId, difference);
      }
      await this.closer.close({ orgId, no: next.no, mainPosition, at });
      next = await this.#statementAfter(orgId, next.no);
      this.#next.set(orgId, next);
    }
  }

  async #learnOrganizations(position: number): Promise<void> {
    if (position <= this.#knownTo) return;
    const orgIds = await this.facts.registeredBetween(this.#knownTo, position);
    const last = orgIds.length > 0 ? await this.books.lastStatements(orgIds) : new Map<string, StatementRecord>();
    for (const orgId of orgIds) {
      const statement = last.get(orgId);
      // One that was closed and not issued is gone on with.
      const lastIssued = statement ? (statement.issue ? statement.no : statement.no - 1) : 0;
      this.#next.set(orgId, await this.#statementAfter(orgId, lastIssued));
    }
    this.#knownTo = position;
  }

  async #statementAfter(orgId: string, no: number): Promise<NextStatement> {
    const ledger = await this.ledgers.find(orgId);
    if (!ledger) throw new Error(`there is no ledger of ${orgId}`);
    return { no: no + 1, dueMs: dueMs(periodOfStatement(ledger.subscriber, no + 1)) };
  }
}
