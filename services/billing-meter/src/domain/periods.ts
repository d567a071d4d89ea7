import type { StatementPeriod } from '@tollgate/contracts';
import { billingPeriod, billingPeriodAt } from '@tollgate/proration';
import { registeredAt, type Subscriber } from './subscriber.ts';

/** How long after its end a period is still open for facts that are under way. */
export const graceMs = 5 * 60_000;

/** The period that holds an instant. */
export function periodAt(subscriber: Subscriber, at: string): StatementPeriod {
  return billingPeriodAt(termsOf(subscriber), at);
}

/** The period of statement `no`: number 1 is the one in which the organization was registered. */
export function periodOfStatement(subscriber: Subscriber, no: number): StatementPeriod {
  const first = billingPeriodAt(termsOf(subscriber), registeredAt(subscriber));
  return billingPeriod(termsOf(subscriber), first.index + no - 1);
}

/** Authority time, Unix milliseconds, from which on a period may close. */
export function dueMs(period: Pick<StatementPeriod, 'end'>): number {
  return Date.parse(period.end) + graceMs;
}

function termsOf({ billing, timeZone }: Subscriber) {
  return { anchor: billing.anchor, interval: billing.interval, timeZone };
}
