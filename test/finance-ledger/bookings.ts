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
  /** Minor units of the currency. */
  readonly amountMinor: bigint;
  readonly currency: string;
  /** The statement that it belongs to. */
  readonly statement: number;
  /** What it is for: the id of a line, or the statement. */
  readonly reference: string;
}

/** Revenue that is earned and not yet on an issued statement. Nothing is left on it once every statement is issued. */
export const unbilled = 'unbilled receivables';
export const receivables = 'receivables';
export const seatRevenue = 'seat revenue';

/**
 * What an event means for the ledger. The entries of an event always add up to zero. Events that move no money (a seat that
 * opened, an amount of zero) have none; they are in the journal all the same.
 */
export function entriesOf({ type, data }: CloudEvent): Entry[] {
  switch (type) {
    case 'line.posted.v1':
      return booking(unbilled, seatRevenue, { ...data.line, statement: data.no, reference: data.line.id });
    case 'line.adjusted.v1':
      // What an adjustment corrects stays as it is; the adjustment is money of the statement in which it stands.
      return booking(unbilled, seatRevenue, { ...data.adjustment, statement: data.no, reference: data.adjustment.id });
    case 'statement.issued.v1':
      return booking(receivables, unbilled, {
        amount: data.total,
        statement: data.no,
        reference: `statement ${data.no}`,
      });
    default:
      return [];
  }
}

interface Booking {
  readonly amount: { readonly amount: string; readonly currency: string };
  readonly statement: number;
  readonly reference: string;
}

function booking(debit: string, credit: string, { amount, statement, reference }: Booking): Entry[] {
  const amountMinor = BigInt(amount.amount);
  if (amountMinor === 0n) return [];
  const common = { currency: amount.currency, statement, reference };
  return [
    { account: debit, amountMinor, ...common },
    { account: credit, amountMinor: -amountMinor, ...common },
  ];
}
