import type { Interval } from './instants.ts';
import { readInstant } from './instants.ts';
import { periodMeter } from './meter.ts';
import { roundedQuotient } from './money.ts';
import type { ProrationPolicy } from './policies.ts';

/** What of a posted line its amount rests on. Counts are JSON numbers, amounts are digit strings of minor units. */
export interface PostedLine {
  readonly id: string;
  readonly period: Interval;
  readonly interval: Interval;
  /** When the seat became active within the period. */
  readonly activeFrom: string;
  readonly numerator: number;
  readonly denominator: number;
  readonly policy: ProrationPolicy;
  readonly timeZone: string;
  readonly tzdb: string;
  readonly unitPrice: { readonly amount: string; readonly currency: string };
  readonly before: { readonly weight: string; readonly amount: string };
  readonly amount: { readonly amount: string; readonly currency: string };
}

export interface Explanation {
  /** The arithmetic, one sentence per step. */
  readonly steps: string[];
  /** What the line should say; as worked out here from its interval, policy, time zone and price. */
  readonly numerator: number;
  readonly denominator: number;
  /** Minor units. */
  readonly amount: string;
  /** Where the line says something else. Empty: it is right. */
  readonly differences: string[];
}

const rules: Record<ProrationPolicy, string> = {
  'second.v1': 'second.v1 counts whole seconds, both ends floored to the second',
  'day.v1':
    'day.v1 counts the calendar days of the time zone that the interval touches, a last day touched only at midnight left out',
};
const units: Record<ProrationPolicy, string> = { 'second.v1': 'seconds', 'day.v1': 'days' };

/**
 * Works a line out again, from the line alone, and compares. Throws a RangeError for a line that has not the shape.
 */
export function explainLine(line: PostedLine): Explanation {
  const { policy, timeZone, period, interval, before, unitPrice } = line;
  const meter = periodMeter(policy, timeZone, period);
  const ms = (text: string, what: string) => readInstant(text, what).epochMilliseconds;
  const activeFrom = ms(line.activeFrom, 'activeFrom');
  const counted = meter.units(activeFrom, ms(interval.start, 'interval.start'));
  const numerator = meter.units(activeFrom, ms(interval.end, 'interval.end')) - counted;
  const weight = BigInt(before.weight) + BigInt(unitPrice.amount) * numerator;
  const total = roundedQuotient(weight, meter.denominator);
  const amount = total - BigInt(before.amount);
  const { currency } = unitPrice;
  const unit = units[policy];
  const steps = [
    `${rules[policy]}; the time zone is ${timeZone} (tz database ${line.tzdb}).`,
    `The period ${period.start} to ${period.end} has ${meter.denominator} ${unit}.`,
    counted === 0n
      ? `The interval ${interval.start} to ${interval.end} has ${numerator} ${unit}.`
      : `From ${line.activeFrom}, when the seat became active, to ${interval.end} it is ${counted + numerator} ${unit}; ${counted} were counted up to ${interval.start}, so ${numerator} are left.`,
    ...(weight === BigInt(unitPrice.amount) * numerator
      ? [`Multiply: ${unitPrice.amount} × ${numerator} = ${weight}.`]
      : [`Multiply and add the parts before: ${unitPrice.amount} × ${numerator} + ${before.weight} = ${weight}.`]),
    `Divide once and round once, half away from zero: ${weight} / ${meter.denominator} = ${total}.`,
    ...(before.amount === '0'
      ? []
      : [`The parts before cost ${before.amount}: ${total} − ${before.amount} = ${amount}.`]),
    `The line costs ${amount} ${currency} (minor units).`,
  ];
  const differences = [
    ...difference('numerator', String(line.numerator), String(numerator)),
    ...difference('denominator', String(line.denominator), String(meter.denominator)),
    ...difference('amount', line.amount.amount, String(amount)),
  ];
  return {
    steps,
    numerator: Number(numerator),
    denominator: Number(meter.denominator),
    amount: String(amount),
    differences,
  };
}

function difference(what: string, said: string, found: string): string[] {
  return said === found ? [] : [`${what} is ${found} and the line says ${said}`];
}
