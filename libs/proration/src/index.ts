export type { Interval } from './instants.ts';
export { roundedQuotient, roundedShares } from './money.ts';
export type { ProrationPolicy } from './policies.ts';
export { prorate, splitProration, type Proration, type ProrationInput, type ProrationPart } from './prorate.ts';
export {
  billingPeriod,
  billingPeriodAt,
  billingPeriodStart,
  type BillingInterval,
  type BillingPeriod,
  type PeriodTerms,
} from './periods.ts';
export { formatPeriodStarts, formatProrationResult, parseProrationLine, type ProrationLine } from './lines.ts';
export { periodMeter, type PeriodMeter } from './meter.ts';
export { explainLine, type Explanation, type PostedLine } from './explain.ts';
