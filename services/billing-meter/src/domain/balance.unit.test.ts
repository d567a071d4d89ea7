import { describe, expect, it } from '@jest/globals';
import { isTollgateError, type RecordedBillingEvent } from '@tollgate/contracts';
import fc from 'fast-check';
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
  type ReserveFacts,
} from './balance.ts';

const org = 'org_1';
const at = (second: number) => new Date(Date.UTC(2027, 0, 14, 9, 30, second)).toISOString();

/** A balance and its charges, as events leave them. */
class Books {
  balance: Balance = emptyBalance;
  readonly charges = new Map<string, Charge>();
  readonly events: BalanceEvent[] = [];

  add(events: readonly BalanceEvent[]): this {
    for (const event of events) {
      this.events.push(event);
      const place = { orgId: org, version: this.balance.version + 1, position: this.events.length };
      const recorded = { ...event, ...place } as unknown as RecordedBillingEvent;
      this.balance = evolveBalance(this.balance, recorded);
      if (!isChargeEvent(recorded)) continue;
      const { chargeId } = recorded.data;
      this.charges.set(chargeId, evolveCharge(this.charges.get(chargeId) ?? null, recorded));
    }
    return this;
  }

  charge(id: string): Charge | null {
    return this.charges.get(id) ?? null;
  }
}

/** `given(deed, deed).when(decide).then(events)` or `.refused(code)`: each deed is done to the books as the one before left them. */
type Deed = (books: Books) => BalanceEvent[];
function given(...deeds: readonly Deed[]) {
  const books = new Books();
  for (const deed of deeds) books.add(deed(books));
  return {
    books,
    when: (deed: Deed) => ({
      then: (...expected: object[]) => expect(deed(books)).toMatchObject(expected),
      nothing: () => expect(deed(books)).toEqual([]),
      refused: (code: string) => expect(codeOf(() => deed(books))).toBe(code),
      leaves: (expected: Partial<Balance>) => expect(books.add(deed(books)).balance).toMatchObject(expected),
    }),
  };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTollgateError(error)) return error.code;
    throw error;
  }
  return 'not refused';
}

const evidence = { id: 'evt_1', position: 1, type: 'BalanceToppedUp' };
const toppedUp =
  (amount: number, version = 1): Deed =>
  ({ balance }) =>
    bookTopUp(balance, { reference: `p${version}`, amountMicros: String(amount), at: at(0), version, evidence });
const reserving =
  (chargeId: string, amount: number | null, facts: Partial<ReserveFacts> = {}, tool = 'search'): Deed =>
  (books) =>
    reserve(
      books.balance,
      books.charge(chargeId),
      {
        chargeId,
        tokenId: 'tok_1',
        tool,
        maxAmountMicros: amount === null ? null : String(amount),
        ttlSeconds: 10,
        by: 'shop',
      },
      { now: at(1), day: '2027-01-14', orgId: org, tokenLive: true, price: null, capLeft: null, ...facts },
    );
const capturing =
  (chargeId: string, amount: number, second = 2): Deed =>
  (books) =>
    capture(books.balance, books.charge(chargeId), {
      ...{ chargeId, amountMicros: String(amount), now: at(second), day: '2027-01-14', by: 'shop' },
    });
const releasing =
  (chargeId: string, second = 2): Deed =>
  (books) =>
    release(books.balance, books.charge(chargeId), { chargeId, now: at(second), by: 'shop' });
const expiring =
  (chargeId: string, second: number): Deed =>
  (books) =>
    expire(books.balance, books.charge(chargeId) as Charge, at(second));

describe('a reservation', () => {
  it('holds what the call may cost', () =>
    given(toppedUp(100))
      .when(reserving('a', 70))
      .then({ type: 'ChargeReserved', data: { amountMicros: '70', expiresAt: at(11), priceVersion: null } }));
  it('moves it from what is available', () =>
    given(toppedUp(100)).when(reserving('a', 70)).leaves({ available: 30n, held: 70n }));
  it('takes the price of the tool when it names no amount', () =>
    given(toppedUp(100))
      .when(reserving('a', null, { price: { micros: '40', version: 9 } }))
      .then({ data: { amountMicros: '40', priceVersion: 9, request: { maxAmountMicros: null } } }));
  it('needs an amount or a price', () => given(toppedUp(100)).when(reserving('a', null)).refused('PRICE_MISSING'));
  it('is declined when there is less', () =>
    given(toppedUp(69))
      .when(reserving('a', 70))
      .then({ type: 'ChargeDeclined', data: { reason: 'insufficient-balance' } }));
  it('is declined over the cap, with money enough', () =>
    given(toppedUp(100))
      .when(reserving('a', 70, { capLeft: 69n }))
      .then({ type: 'ChargeDeclined', data: { reason: 'spending-cap' } }));
  it('is declined for a token that does not hold', () =>
    given(toppedUp(100))
      .when(reserving('a', 70, { tokenLive: false }))
      .then({ type: 'ChargeDeclined', data: { reason: 'token-not-live' } }));
  it('that is repeated decides nothing, also once it is captured', () => {
    given(toppedUp(100), reserving('a', 70)).when(reserving('a', 70)).nothing();
    given(toppedUp(100), reserving('a', 70), capturing('a', 70)).when(reserving('a', 70)).nothing();
  });
  it('that was declined stays declined', () =>
    given(toppedUp(10), reserving('a', 70), toppedUp(100, 2)).when(reserving('a', 70)).nothing());
  it('under an id of another request is refused', () => {
    const before = given(toppedUp(100), reserving('a', 70));
    before.when(reserving('a', 71)).refused('CHARGE_ID_REUSED');
    before.when(reserving('a', 70, {}, 'other')).refused('CHARGE_ID_REUSED');
    before.when(reserving('a', 70, { orgId: 'org_2' })).refused('CHARGE_ID_REUSED');
  });
});

describe('a capture', () => {
  it('takes what the call has cost and gives the rest back', () =>
    given(toppedUp(100), reserving('a', 70))
      .when(capturing('a', 50))
      .then({ type: 'ChargeCaptured', data: { amountMicros: '50', releasedMicros: '20', late: false } }));
  it('moves the balance', () =>
    given(toppedUp(100), reserving('a', 70))
      .when(capturing('a', 50))
      .leaves({ available: 50n, held: 0n, captured: 50n }));
  it('takes no more than was reserved', () =>
    given(toppedUp(100), reserving('a', 70)).when(capturing('a', 71)).refused('AMOUNT_EXCEEDS_RESERVATION'));
  it('that is repeated decides nothing; of another amount it is refused', () => {
    const before = given(toppedUp(100), reserving('a', 70), capturing('a', 50));
    before.when(capturing('a', 50)).nothing();
    before.when(capturing('a', 51)).refused('CHARGE_ID_REUSED');
  });
  it('needs a reservation', () => {
    given(toppedUp(100)).when(capturing('a', 1)).refused('NOT_FOUND');
    given(toppedUp(10), reserving('a', 70)).when(capturing('a', 1)).refused('CHARGE_CLOSED');
    given(toppedUp(100), reserving('a', 70), releasing('a')).when(capturing('a', 1)).refused('CHARGE_CLOSED');
  });
  it('that comes late takes from what is available then', () => {
    given(toppedUp(100), reserving('a', 70), expiring('a', 11))
      .when(capturing('a', 70, 12))
      .then({ type: 'ChargeCaptured', data: { amountMicros: '70', releasedMicros: '0', late: true } });
    given(toppedUp(100), reserving('a', 70), expiring('a', 11))
      .when(capturing('a', 70, 12))
      .leaves({ available: 30n, held: 0n, captured: 70n });
  });
  it('that comes late is not collected when one micro-unit is missing', () =>
    given(toppedUp(100), reserving('a', 70), expiring('a', 11), reserving('b', 31, { now: at(11) }))
      .when(capturing('a', 70, 12))
      .then({ type: 'ChargeUncollected' }));
  it('lets the reservation expire that nobody has let expire yet', () =>
    given(toppedUp(100), reserving('a', 70))
      .when(capturing('a', 70, 11))
      .then({ type: 'ChargeExpired' }, { type: 'ChargeCaptured', data: { late: true } }));
  it('that comes late for nothing is recorded, and stays so', () => {
    const before = given(toppedUp(100), reserving('a', 70), expiring('a', 11), reserving('b', 80, { now: at(12) }));
    before.when(capturing('a', 70, 13)).then({ type: 'ChargeUncollected', data: { amountMicros: '70' } });
    before.books.add(capturing('a', 70, 13)(before.books));
    before.when(capturing('a', 70, 14)).nothing();
    before.when(releasing('b', 14)).leaves({ available: 100n, uncollected: 70n });
    before.when(capturing('a', 70, 15)).nothing();
    before.when(releasing('a', 15)).refused('CHARGE_CLOSED');
  });
});

describe('a release', () => {
  it('gives back what is held', () =>
    given(toppedUp(100), reserving('a', 70)).when(releasing('a')).leaves({ available: 100n, held: 0n, captured: 0n }));
  it('that is repeated decides nothing', () =>
    given(toppedUp(100), reserving('a', 70), releasing('a')).when(releasing('a')).nothing());
  it('after the expiry closes the charge and gives nothing back', () => {
    const before = given(toppedUp(100), reserving('a', 70), expiring('a', 11), releasing('a', 12));
    expect(before.books.balance).toMatchObject({ available: 100n, held: 0n });
    before.when(capturing('a', 70, 13)).refused('CHARGE_CLOSED');
  });
  it('needs a reservation', () => {
    given().when(releasing('a')).refused('NOT_FOUND');
    given(toppedUp(100), reserving('a', 70), capturing('a', 1)).when(releasing('a')).refused('CHARGE_CLOSED');
  });
});

describe('an expiry', () => {
  it('comes at its instant and not before', () => {
    const before = given(toppedUp(100), reserving('a', 70));
    before.when(expiring('a', 10)).nothing();
    before.when(expiring('a', 11)).then({ type: 'ChargeExpired', data: { releasedMicros: '70', expiredAt: at(11) } });
  });
  it('comes once, and not to what is closed', () => {
    given(toppedUp(100), reserving('a', 70), expiring('a', 11)).when(expiring('a', 12)).nothing();
    given(toppedUp(100), reserving('a', 70), capturing('a', 1)).when(expiring('a', 12)).nothing();
    given(toppedUp(1), reserving('a', 70)).when(expiring('a', 12)).nothing();
  });
});

describe('a top-up', () => {
  it('is booked once', () => given(toppedUp(100)).when(toppedUp(100)).nothing());
  it('is booked in its order', () =>
    given(toppedUp(100), toppedUp(5, 2)).when(toppedUp(9, 3)).leaves({ toppedUp: 114n }));
});

describe('a low balance', () => {
  const warning =
    (threshold: string | null): Deed =>
    ({ balance }) =>
      warnIfLow(balance, threshold, at(3));
  it('is told below the threshold, once', () => {
    given(toppedUp(100)).when(warning('100')).nothing();
    given(toppedUp(99))
      .when(warning('100'))
      .then({ type: 'BalanceRanLow', data: { thresholdMicros: '100' } });
    given(toppedUp(99), warning('100')).when(warning('100')).nothing();
    given(toppedUp(99)).when(warning(null)).nothing();
  });
  it('is told again after it recovered, and under another threshold', () => {
    given(toppedUp(99), warning('100'), toppedUp(50, 2), reserving('a', 60)).when(warning('100')).then({});
    given(toppedUp(99), warning('100')).when(warning('200')).then({});
  });
});

describe('after any deeds in any order', () => {
  const id = fc.integer({ min: 0, max: 5 }).map((n) => `c${n}`);
  const amount = fc.integer({ min: 1, max: 60 });
  const deed: fc.Arbitrary<(version: number, second: number) => Deed> = fc.oneof(
    amount.map((micros) => (version: number) => toppedUp(micros, version)),
    fc.tuple(id, amount, fc.boolean()).map(
      ([charge, micros, tokenLive]) =>
        (_: number, second: number) =>
          reserving(charge, micros, { now: at(second), tokenLive }),
    ),
    fc.tuple(id, amount).map(
      ([charge, micros]) =>
        (_: number, second: number) =>
          capturing(charge, micros, second),
    ),
    id.map((charge) => (_: number, second: number) => releasing(charge, second)),
    id.map(
      (charge) => (_: number, second: number) => (books: Books) =>
        books.charge(charge) ? expiring(charge, second)(books) : [],
    ),
  );
  /** Deeds, done or refused. Every fourth second some are repeated, as callers do that got no answer. */
  const doAll = (deeds: readonly ((version: number, second: number) => Deed)[]): Books => {
    const books = new Books();
    deeds.forEach((make, index) => {
      for (let repeat = 0; repeat <= index % 2; repeat++) {
        try {
          books.add(make(index + 1, index)(books));
        } catch (error) {
          if (!isTollgateError(error)) throw error;
        }
      }
    });
    return books;
  };
  const property = (check: (books: Books) => void) =>
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => check(doAll(deeds))),
      { numRuns: 500 },
    );

  it('top-ups less captures are what is available and what is held', () =>
    property(({ balance, events }) => {
      const sum = (type: BalanceEvent['type']) =>
        events
          .filter((event) => event.type === type)
          .reduce((total, { data }) => total + BigInt((data as { amountMicros: string }).amountMicros), 0n);
      expect(balance.available + balance.held).toBe(sum('TopUpBooked') - sum('ChargeCaptured'));
      expect([balance.toppedUp, balance.captured]).toEqual([sum('TopUpBooked'), sum('ChargeCaptured')]);
    }));

  it('nothing is ever negative, and what is held is what open charges reserved', () =>
    property(({ balance, charges, events }) => {
      for (const { data } of events) expect(`${data.after.availableMicros}${data.after.heldMicros}`).not.toContain('-');
      let open = 0n;
      for (const { opening, expiry, closing } of charges.values())
        if (opening.type === 'ChargeReserved' && !expiry && !closing) open += BigInt(opening.data.amountMicros);
      expect(balance.held).toBe(open);
    }));

  it('every event says what it leaves behind', () =>
    property(({ events }) => {
      const books = new Books();
      for (const event of events) {
        const { available, held } = books.add([event]).balance;
        expect(event.data.after).toEqual({ availableMicros: String(available), heldMicros: String(held) });
      }
    }));

  it('what tokens have spent is what was captured and is held', () =>
    property(({ balance, events }) => {
      const spent = events.reduce((total, event) => total + (spendingOf(event)?.micros ?? 0n), 0n);
      expect(spent).toBe(balance.captured + balance.held);
    }));

  it('no charge is captured twice, nor captured and released', () =>
    property(({ events }) => {
      const closings = events.filter(({ type }) => /Captured|Released|Uncollected/.test(type));
      const ids = closings.map(({ data }) => (data as { chargeId: string }).chargeId);
      expect(new Set(ids).size).toBe(ids.length);
    }));
});
