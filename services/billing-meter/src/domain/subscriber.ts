import type { BillingTerms, Plan } from '@tollgate/contracts';

/** What billing knows of an organization. */
export interface Subscriber {
  readonly orgId: string;
  readonly currency: string;
  /** Calendar of its periods and days. */
  readonly timeZone: string;
  readonly billing: BillingTerms;
  /** Its plans in log order, the first from its registration on. Never empty. */
  readonly plans: readonly PlanSince[];
}

export interface PlanSince {
  readonly plan: Plan;
  readonly since: string;
}

/** The plan at an instant: the last one that began at or before it. Before the registration it is the first. */
export function planAt(subscriber: Pick<Subscriber, 'plans'>, at: string): Plan {
  const begun = subscriber.plans.filter(({ since }) => Date.parse(since) <= Date.parse(at));
  const found = begun.at(-1) ?? subscriber.plans[0];
  if (!found) throw new Error('a subscriber has at least the plan of its registration');
  return found.plan;
}
