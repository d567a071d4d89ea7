import { earlier, later, readInstant, readInterval, checkTimeZone, formatInstant } from './instants.ts';
import type { Interval, Span } from './instants.ts';
import { roundedQuotient, roundedShares } from './money.ts';
import { countUnits } from './policies.ts';
import type { ProrationPolicy } from './policies.ts';

export interface ProrationInput {
  policy: ProrationPolicy;
  /** The billing time zone, a name of the tz database. `day.v1` counts its days. */
  timeZone: string;
  /** Minor units for one seat and a full period. Negative for a credit. */
  unitPrice: bigint;
  /** How many seats; a whole number. */
  quantity: number;
  /** The billing period; must not be empty. */
  period: Interval;
  /** When the seats were active. What lies outside the period belongs to other periods and is left out. */
  active: Interval;
}

export interface Proration {
  /** Units of the policy (seconds or days) in which the seats were active inside the period; not reduced, not multiplied by the quantity. */
  numerator: bigint;
  /** Units of the policy in the period; not reduced. */
  denominator: bigint;
  /** Minor units: `unitPrice * quantity * numerator / denominator`, rounded once, an exact half away from zero. */
  amount: bigint;
}

export interface ProrationPart extends Proration {
  /** The part of the active interval, as cut; it may reach beyond the period. */
  active: Interval;
}

/**
 * What seats cost that were active for a part of a period: multiply first, divide once, round once.
 * A full period costs exactly `unitPrice * quantity`. Throws a RangeError that names what is wrong with the input.
 */
export function prorate(input: ProrationInput): Proration {
  const { period, active, denominator, price } = read(input);
  const numerator = activeUnits(input, period, active);
  return { numerator, denominator, amount: roundedQuotient(price * numerator, denominator) };
}

/**
 * The same interval in several lines: `cuts` are instants inside `active`, in ascending order, and `n` cuts make `n + 1`
 * parts. The numerators of the parts add up to the numerator of the whole (a day cut in two counts for the part that
 * touched it first), and so do the amounts, because the running total is rounded and not each part.
 */
export function splitProration(input: ProrationInput, cuts: readonly string[]): ProrationPart[] {
  const { period, active, denominator, price } = read(input);
  const ends = [...cuts.map((cut, index) => readInstant(cut, `cuts[${index}]`)), active.end];
  let start = active.start;
  let counted = 0n;
  const pieces = ends.map((end) => {
    if (Temporal.Instant.compare(end, start) < 0 || Temporal.Instant.compare(end, active.end) > 0) {
      throw new RangeError('Cuts must lie inside the active interval, in ascending order.');
    }
    const total = activeUnits(input, period, { start: active.start, end });
    const piece = { active: { start: formatInstant(start), end: formatInstant(end) }, numerator: total - counted };
    start = end;
    counted = total;
    return piece;
  });
  const amounts = roundedShares({ price, numerators: pieces.map((piece) => piece.numerator), denominator });
  return pieces.map((piece, index) => ({ ...piece, denominator, amount: amounts[index] as bigint }));
}

/** Checks the input and reads what every calculation shares. */
function read(input: ProrationInput): { period: Span; active: Span; denominator: bigint; price: bigint } {
  checkTimeZone(input.timeZone);
  if (typeof input.unitPrice !== 'bigint') throw new RangeError('unitPrice must be a BigInt of minor units.');
  if (!Number.isSafeInteger(input.quantity) || input.quantity < 0) {
    throw new RangeError(`quantity must be a whole number, 0 or more; ${input.quantity} is not.`);
  }
  const period = readInterval(input.period, 'period');
  const active = readInterval(input.active, 'active');
  const denominator = countUnits(input.policy, input.timeZone, period);
  if (denominator <= 0n) throw new RangeError('period must not be empty.');
  return { period, active, denominator, price: input.unitPrice * BigInt(input.quantity) };
}

function activeUnits(input: ProrationInput, period: Span, active: Span): bigint {
  const start = later(period.start, active.start);
  const end = earlier(period.end, active.end);
  if (Temporal.Instant.compare(start, end) >= 0) return 0n;
  return countUnits(input.policy, input.timeZone, { start, end });
}
