import { isTollgateError, TollgateError, type RecordedBillingEvent, type SpendingCap } from '@tollgate/contracts';
import {
  bookTopUp,
  capture,
  emptyBalance,
  evolveBalance,
  evolveCharge,
  expire,
  isChargeEvent,
  release,
  reserve,
  spendingOf,
  warnIfLow,
  type Balance,
  type BalanceEvent,
  type Charge,
  type Reserve,
} from '../../domain/balance.ts';
import { isLive, nothingPaid, toolPriceAt } from '../../domain/main-facts.ts';
import { Calendar } from './calendar.ts';
import type { BalanceNews, BalanceStore, BalanceWriter, FactKey, Facts, MainReader } from './ports.ts';

export type Command =
  | ({ readonly kind: 'reserve' } & Reserve)
  | { readonly kind: 'capture'; readonly chargeId: string; readonly amountMicros: string; readonly by: string }
  | { readonly kind: 'release'; readonly chargeId: string; readonly by: string }
  /** Books what is due, and tells how the balance stands. */
  | { readonly kind: 'settle' };

/** What a command left behind: its charge (null for `settle`), and the balance. */
export interface Settled {
  readonly charge: Charge | null;
  readonly balance: Balance;
}

export interface BookPorts {
  readonly main: MainReader;
  readonly store: BalanceStore;
  readonly writer: BalanceWriter;
  readonly news: BalanceNews;
}

interface Waiting {
  readonly command: Command;
  /** What the command rests on, and the epoch of the book in which that was read; null: it has to be read. */
  rests: { readonly epoch: number; readonly facts: Facts; readonly charge: Charge | null } | null;
  resolve(settled: Settled): void;
  reject(error: unknown): void;
}

/** Commands that are decided and written together, at most. */
const batchMax = 256;
/** Expired charges of one batch; the others follow in the next. */
const expiredMax = 500;
/** Lost races are decided again this often before the caller is told; each round one of the racers wins. */
const attemptsMax = 50;
/** Closed charges that are kept for repetitions. Older ones are found in the log. */
const closedMax = 10_000;

/**
 * Writes one balance. Commands that come while a transaction is in flight are decided one after the other in memory and
 * written by the next one together: one append, however many charges. What they rest on is read beside the write before.
 *
 * The version of the balance's stream makes this safe whoever else writes it: if another process was faster, the append is
 * refused, what it wrote is read, and everything is decided again.
 */
export class BalanceBook {
  readonly #orgId: string;
  readonly #ports: BookPorts;
  readonly #calendar = new Calendar();
  #arrived: Waiting[] = [];
  #ready: Waiting[] = [];
  #preparing = false;
  #writing = false;
  /** Begins anew whenever somebody else's events were read: charges that were looked up before that may have changed. */
  #epoch = 0;
  #loaded = false;
  /** Somebody else may have written: the rest of the stream is read before anything is decided. */
  #behind = false;
  #balance: Balance = emptyBalance;
  /** All that are open, and those that were closed lately. */
  #charges = new Map<string, Charge>();
  /** No charge is due before this instant. */
  #nextDue = '';
  /** What tokens with a cap have spent, by day. */
  #spent = new Map<string, Map<string, bigint>>();

  constructor(orgId: string, ports: BookPorts) {
    this.#orgId = orgId;
    this.#ports = ports;
  }

  get idle(): boolean {
    return this.#arrived.length + this.#ready.length === 0 && !this.#preparing && !this.#writing;
  }

  /** Before the next decision everything is read again. */
  forget(): void {
    this.#loaded = false;
  }

  submit(command: Command): Promise<Settled> {
    return new Promise((resolve, reject) => {
      this.#arrived.push({ command, rests: null, resolve, reject });
      if (!this.#preparing) void this.#prepareAll();
    });
  }

  /** Reads what commands rest on. The read begins after they came. */
  async #prepareAll(): Promise<void> {
    this.#preparing = true;
    while (this.#arrived.length > 0) {
      // What arrives in this turn of the event loop goes together.
      await Promise.resolve();
      const arrived = this.#arrived.splice(0);
      try {
        await this.#prepare(arrived);
        this.#ready.push(...arrived);
        if (!this.#writing) void this.#writeAll();
      } catch (error) {
        for (const { reject } of arrived) reject(error);
      }
    }
    this.#preparing = false;
  }

  async #prepare(waiting: readonly Waiting[]): Promise<void> {
    const { main, store } = this.#ports;
    const epoch = this.#epoch;
    const unknown = new Set<string>();
    const keys: FactKey[] = [
      { kind: 'organization', id: this.#orgId },
      { kind: 'balance', id: this.#orgId },
    ];
    for (const { command } of waiting) {
      if (command.kind === 'settle') this.#behind = true;
      else if (!this.#charges.has(command.chargeId)) unknown.add(command.chargeId);
      if (command.kind === 'reserve') keys.push({ kind: 'token', id: command.tokenId });
    }
    const [facts, found] = await Promise.all([
      main.read(keys),
      unknown.size === 0 ? new Map<string, Charge>() : store.find([...unknown]),
    ]);
    for (const each of waiting) {
      const { command } = each;
      const charge = command.kind === 'settle' ? null : (found.get(command.chargeId) ?? null);
      each.rests = { epoch, facts, charge };
    }
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#ready.length > 0) {
      const batch = this.#ready.splice(0, batchMax);
      try {
        await this.#write(batch);
      } catch (error) {
        // It may be unknown what was written: everything is read again, and so may the callers ask again.
        this.forget();
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce(batch);
      } catch (error) {
        if (!isTollgateError(error, 'CONFLICT') || attempt === attemptsMax) throw error;
        this.#behind = true;
        for (const waiting of batch) waiting.rests = null;
      }
    }
  }

  async #writeOnce(batch: readonly Waiting[]): Promise<void> {
    const facts = await this.#upToDate(batch);
    const draft = new Draft(this.#orgId, this.#balance, this.#now(facts));
    this.#settle(draft, facts);
    const outcomes = batch.map((waiting) => this.#decide(draft, waiting));
    if (draft.nextDue !== null) this.#nextDue = draft.nextDue;
    if (draft.events.length > 0) {
      const { version: expectedVersion } = this.#balance;
      const { events, now: at } = draft;
      const recorded = await this.#ports.writer.append({ orgId: this.#orgId, expectedVersion, events, at });
      for (const event of recorded) this.#apply(event, draft.charges);
      this.#ports.news.moved(this.#orgId, this.#balance.available);
    }
    batch.forEach(({ resolve, reject }, index) => {
      const refusal = outcomes[index];
      if (refusal) reject(refusal);
      else resolve({ charge: this.#chargeOf(batch[index] as Waiting), balance: this.#balance });
    });
    this.#forgetClosed();
  }

  /** What is due without anybody asking: top-ups that came in, charges whose time has come. */
  #settle(draft: Draft, facts: Facts): void {
    const paid = facts.of('balance', this.#orgId) ?? nothingPaid;
    for (let index = paid.topUps.length; index > 0 && paid.topUps[index - 1]!.version > draft.balance.bookedTo; index--)
      draft.unbooked = index - 1;
    for (const topUp of paid.topUps.slice(draft.unbooked)) draft.add(bookTopUp(draft.balance, topUp));
    if (draft.now >= this.#nextDue) this.#expire(draft);
    draft.add(warnIfLow(draft.balance, paid.thresholdMicros, draft.now));
  }

  #expire(draft: Draft): void {
    let next = '9999';
    for (const charge of this.#charges.values()) {
      if (!isOpen(charge)) continue;
      const { expiresAt } = charge.opening.data;
      const due = draft.expired < expiredMax ? expire(draft.balance, charge, draft.now) : [];
      draft.add(due, charge);
      draft.expired += due.length;
      if (due.length === 0 && expiresAt < next) next = expiresAt;
    }
    draft.nextDue = next;
  }

  /** undefined: decided; an error: refused. */
  #decide(draft: Draft, waiting: Waiting): TollgateError | undefined {
    const { command, rests } = waiting;
    if (command.kind === 'settle') return undefined;
    const { facts } = rests as NonNullable<Waiting['rests']>;
    const charge = draft.charges.get(command.chargeId) ?? this.#chargeOf(waiting);
    try {
      draft.add(this.#eventsOf(draft, facts, command, charge), charge);
      draft.add(warnIfLow(draft.balance, facts.of('balance', this.#orgId)?.thresholdMicros ?? null, draft.now));
      return undefined;
    } catch (error) {
      if (isTollgateError(error)) return error;
      throw error;
    }
  }

  #eventsOf(
    draft: Draft,
    facts: Facts,
    command: Exclude<Command, { kind: 'settle' }>,
    charge: Charge | null,
  ): BalanceEvent[] {
    const { now, balance } = draft;
    if (command.kind === 'release') return release(balance, charge, { ...command, now });
    const day = this.#calendar.dayOf(now, facts.of('organization', this.#orgId)?.timeZone ?? 'UTC');
    if (command.kind === 'capture') return capture(balance, charge, { ...command, now, day });
    const token = facts.of('token', command.tokenId);
    if (!token) throw new TollgateError('UNKNOWN_REFERENCE', 'There is no such token.');
    const price = toolPriceAt(facts.of('product', token.product)?.prices ?? [], command.tool, now);
    const cap = facts.of('balance', this.#orgId)?.caps.get(command.tokenId);
    return reserve(balance, charge, command, {
      now,
      day,
      orgId: this.#orgId,
      tokenLive: isLive(token, facts.of('account', token.accountId), now),
      price: price && { micros: price.micros, version: price.version },
      capLeft: cap ? this.#capLeft(draft, command.tokenId, cap, day) : null,
    });
  }

  #capLeft(draft: Draft, tokenId: string, cap: SpendingCap, day: string): bigint {
    const period = cap.period === 'P1D' ? day : day.slice(0, 'yyyy-mm'.length);
    let spent = 0n;
    for (const days of [this.#spent.get(tokenId), draft.spent.get(tokenId)])
      for (const [each, micros] of days ?? []) if (each.startsWith(period)) spent += micros;
    return BigInt(cap.amountMicros) - spent;
  }

  /** The facts that a batch rests on, all read since somebody else's events were heard of. */
  async #upToDate(batch: readonly Waiting[]): Promise<Facts> {
    for (;;) {
      const { rests } = batch.at(-1) as Waiting;
      if (rests) await this.#catchUp(rests.facts);
      if (rests && batch.every((waiting) => waiting.rests?.epoch === this.#epoch)) return rests.facts;
      await this.#prepare(batch);
    }
  }

  /** Brings memory to where the log is, as far as there is reason to believe that it is not. */
  async #catchUp(facts: Facts): Promise<void> {
    const capped = [...(facts.of('balance', this.#orgId)?.caps.keys() ?? [])];
    // A cap that was set since counts what was spent before it, too.
    if (!this.#loaded || capped.some((tokenId) => !this.#spent.has(tokenId))) await this.#load(facts, capped);
    else if (!this.#behind) return;
    this.#behind = false;
    const events = await this.#ports.store.tail(this.#orgId, this.#balance.version);
    if (events.length > 0) this.#epoch++;
    for (const event of events) this.#apply(event);
  }

  async #load(facts: Facts, capped: readonly string[]): Promise<void> {
    const today = this.#now(facts).slice(0, 10);
    // A day more than the longest month: the day of a time zone may be another than the one of UTC.
    const since = new Date(Date.parse(today) - 32 * 86_400_000).toISOString().slice(0, 10);
    const { balance, open, spent } = await this.#ports.store.open(this.#orgId, capped, since);
    this.#balance = balance;
    this.#charges = new Map(open.map((charge) => [charge.opening.data.chargeId, charge]));
    this.#nextDue = '';
    this.#spent = new Map(capped.map((tokenId) => [tokenId, new Map()]));
    for (const { tokenId, day, micros } of spent) this.#spent.get(tokenId)?.set(day, micros);
    this.#loaded = true;
    this.#epoch++;
  }

  /** @param known charges that are not in memory, of the batch that was written */
  #apply(event: RecordedBillingEvent, known?: ReadonlyMap<string, Charge>): void {
    this.#balance = evolveBalance(this.#balance, event);
    if (!isChargeEvent(event)) return;
    const { chargeId } = event.data;
    const before = this.#charges.get(chargeId) ?? known?.get(chargeId) ?? null;
    // Closed long ago, and somebody else had to do with it: whoever asks for it looks it up.
    if (!before && event.type !== 'ChargeReserved' && event.type !== 'ChargeDeclined') return;
    this.#charges.delete(chargeId);
    this.#charges.set(chargeId, evolveCharge(before, event));
    if (event.type === 'ChargeReserved' && event.data.expiresAt < this.#nextDue) this.#nextDue = event.data.expiresAt;
    addSpending(this.#spent, event as BalanceEvent);
  }

  #chargeOf({ command, rests }: Waiting): Charge | null {
    if (command.kind === 'settle') return null;
    return this.#charges.get(command.chargeId) ?? rests?.charge ?? null;
  }

  #now({ clockOffsetMs }: Facts): string {
    const now = new Date(Date.now() + clockOffsetMs).toISOString();
    return now > this.#balance.at ? now : this.#balance.at;
  }

  #forgetClosed(): void {
    if (this.#charges.size <= 2 * closedMax) return;
    let over = this.#charges.size - closedMax;
    for (const [id, charge] of this.#charges) {
      if (over-- <= 0) return;
      if (!isOpen(charge)) this.#charges.delete(id);
    }
  }
}

/** A batch as it is decided: what is written if the append is taken, and nothing of it if not. */
class Draft {
  readonly now: string;
  readonly events: BalanceEvent[] = [];
  readonly charges = new Map<string, Charge>();
  readonly spent = new Map<string, Map<string, bigint>>();
  balance: Balance;
  unbooked = Number.MAX_SAFE_INTEGER;
  expired = 0;
  nextDue: string | null = null;

  readonly #orgId: string;

  constructor(orgId: string, balance: Balance, now: string) {
    this.#orgId = orgId;
    this.balance = balance;
    this.now = now;
  }

  add(events: readonly BalanceEvent[], charge: Charge | null = null): void {
    let changed = charge;
    for (const event of events) {
      this.events.push(event);
      const place = { orgId: this.#orgId, version: this.balance.version + 1, position: 0 };
      const recorded = { ...event, ...place } as unknown as RecordedBillingEvent;
      this.balance = evolveBalance(this.balance, recorded);
      if (!isChargeEvent(recorded)) continue;
      changed = evolveCharge(changed, recorded);
      this.charges.set(recorded.data.chargeId, changed);
      addSpending(this.spent, event, true);
    }
  }
}

/** @param all of tokens without a cap, too: what they spend need not be remembered otherwise */
function addSpending(spent: Map<string, Map<string, bigint>>, event: BalanceEvent, all = false): void {
  const spending = spendingOf(event);
  if (!spending) return;
  const { tokenId, day, micros } = spending;
  let days = spent.get(tokenId);
  if (!days && all) spent.set(tokenId, (days = new Map()));
  days?.set(day, (days.get(day) ?? 0n) + micros);
}

type OpenCharge = Charge & { readonly opening: Extract<Charge['opening'], { type: 'ChargeReserved' }> };

const isOpen = (charge: Charge): charge is OpenCharge =>
  charge.opening.type === 'ChargeReserved' && !charge.expiry && !charge.closing;
