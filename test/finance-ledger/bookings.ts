/** An event of Tollgate's billing feed: CloudEvents 1.0 in its JSON format. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** When it took effect. */
  readonly time: string;
  /** When it was recorded. */
  readonly recordedtime: string;
  /** 1, 2, 3 … per organization without gaps, as 20 digits. */
  readonly sequence: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a consumer in another language would look it up by name
  readonly data: any;
}

/** One side of a booking: a positive amount is a debit, a negative one a credit. */
export interface Entry {
  readonly account: string;
  readonly amount: bigint;
  /** Statements are in minor units of their currency, prepaid balances in millionths of the organization's currency. */
  readonly unit: 'minor' | 'micros';
  /** null: the organization's, which events of the balance don't repeat. */
  readonly currency: string | null;
  /** The statement that it belongs to; null: none. */
  readonly statement: number | null;
  /** What it is for: the id of a line, the statement, the charge or the top-up. */
  readonly reference: string;
}

/** Revenue that is earned and not yet on an issued statement. Nothing is left on it once every statement is issued. */
export const unbilled = 'unbilled receivables';
export const receivables = 'receivables';
export const seatRevenue = 'seat revenue';
export const cash = 'cash received';
/** What customers have paid ahead. It is theirs until a charge is captured. */
export const prepaid = 'prepaid balances';
export const usageRevenue = 'usage revenue';

/**
 * What an event means for the ledger. The entries of an event always add up to zero. Events that move no money (a seat that
 * opened, a reservation, an amount of zero) have none; they are in the journal all the same.
 */
export function entriesOf({ type, data }: CloudEvent): Entry[] {
  switch (type) {
    case 'line.posted.v1':
      return seatBooking(unbilled, seatRevenue, { no: data.no, reference: data.line.id, money: data.line.amount });
    case 'line.adjusted.v1': {
      // What an adjustment corrects stays as it is; the adjustment is money of the statement in which it stands.
      const { id, amount } = data.adjustment;
      return seatBooking(unbilled, seatRevenue, { no: data.no, reference: id, money: amount });
    }
    case 'statement.issued.v1':
      return seatBooking(receivables, unbilled, { no: data.no, reference: `statement ${data.no}`, money: data.total });
    case 'balance.topped-up.v1':
      return balanceBooking(cash, prepaid, data.amountMicros, data.reference);
    case 'charge.captured.v1':
      return balanceBooking(prepaid, usageRevenue, data.amountMicros, data.chargeId);
    default:
      return [];
  }
}

interface SeatBooking {
  readonly no: number;
  readonly reference: string;
  readonly money: { readonly amount: string; readonly currency: string };
}

function seatBooking(debit: string, credit: string, { no, reference, money }: SeatBooking): Entry[] {
  const common = { unit: 'minor', currency: money.currency, statement: no, reference } as const;
  return booking(debit, credit, BigInt(money.amount), common);
}

function balanceBooking(debit: string, credit: string, amountMicros: string, reference: string): Entry[] {
  return booking(debit, credit, BigInt(amountMicros), { unit: 'micros', currency: null, statement: null, reference });
}

function booking(debit: string, credit: string, amount: bigint, common: Omit<Entry, 'account' | 'amount'>): Entry[] {
  if (amount === 0n) return [];
  return [
    { account: debit, amount, ...common },
    { account: credit, amount: -amount, ...common },
  ];
}
