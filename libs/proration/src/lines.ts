import { checkTimeZone, instantOf, readInstant } from './instants.ts';
import type { Interval } from './instants.ts';
import { billingPeriodStart } from './periods.ts';
import type { BillingInterval } from './periods.ts';
import type { Proration, ProrationInput } from './prorate.ts';

/** One line of `tollgate billing prorate`, read. */
export interface ProrationLine {
  id: string;
  currency: string;
  input: ProrationInput;
}

/**
 * Reads one NDJSON line
 * `{"id","policy","timeZone","currency","unitPrice","quantity","period":{"start","end"},"active":{"start","end"}}`.
 * `unitPrice` is minor units as a digit string, `quantity` a JSON number. A date without a time is midnight in
 * `timeZone`. Fields of other names are left alone, so that lines may carry notes and expectations.
 * Throws a RangeError that names the field that is wrong.
 */
export function parseProrationLine(json: string): ProrationLine {
  const line = parseObject(json);
  const id = text(line, 'id');
  const timeZone = text(line, 'timeZone');
  checkTimeZone(timeZone);
  const policy = text(line, 'policy');
  if (policy !== 'second.v1' && policy !== 'day.v1') {
    throw new RangeError(`policy must be second.v1 or day.v1; ${JSON.stringify(policy)} is neither.`);
  }
  const currency = text(line, 'currency');
  if (!/^[A-Z]{3}$/.test(currency)) throw new RangeError('currency must be an ISO 4217 code such as EUR.');
  const unitPrice = text(line, 'unitPrice');
  if (!/^-?\d+$/.test(unitPrice))
    throw new RangeError('unitPrice must be minor units as a digit string such as "3100".');
  const quantity = line['quantity'];
  if (typeof quantity !== 'number') throw new RangeError('quantity must be a JSON number.');
  const period = interval(line, 'period', timeZone);
  const active = interval(line, 'active', timeZone);
  return { id, currency, input: { policy, timeZone, unitPrice: BigInt(unitPrice), quantity, period, active } };
}

/** The answer to one line: `{"id","numerator","denominator","amount"}`; the counts are JSON numbers, the amount is a digit string. */
export function formatProrationResult(id: string, result: Proration): string {
  return JSON.stringify({
    id,
    numerator: Number(result.numerator),
    denominator: Number(result.denominator),
    amount: result.amount.toString(),
  });
}

/**
 * The lines of `tollgate billing periods`: the starts of the periods 0 to `count - 1`, RFC 3339 UTC with seconds.
 * `anchor` is an instant, or a date, which means its midnight in `timeZone`.
 */
export function formatPeriodStarts(request: {
  anchor: string;
  timeZone: string;
  interval: BillingInterval;
  count: number;
}): string[] {
  const { timeZone, interval, count } = request;
  if (!Number.isInteger(count) || count < 1 || count > 10_000) {
    throw new RangeError(`count must be a whole number from 1 to 10000; ${count} is not.`);
  }
  checkTimeZone(timeZone);
  const anchor = instantOf(request.anchor, timeZone, 'anchor');
  return Array.from({ length: count }, (_, index) =>
    readInstant(billingPeriodStart({ anchor, timeZone, interval }, index), 'start').toString({
      smallestUnit: 'second',
    }),
  );
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new RangeError('The line is not valid JSON.');
  }
  return object(value, 'The line');
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`${what} must be a JSON object.`);
  }
  return value as Record<string, unknown>;
}

function text(line: Record<string, unknown>, field: string): string {
  const value = line[field];
  if (typeof value !== 'string' || value === '') throw new RangeError(`${field} must be a text that is not empty.`);
  return value;
}

function interval(line: Record<string, unknown>, field: string, timeZone: string): Interval {
  const ends = object(line[field], field);
  return {
    start: instantOf(text(ends, 'start'), timeZone, `${field}.start`),
    end: instantOf(text(ends, 'end'), timeZone, `${field}.end`),
  };
}
