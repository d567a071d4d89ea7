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

/** A plan, from when on, and the event that says so. */
export interface PlanSince {
  readonly plan: Plan;
  readonly since: string;
  readonly id: string;
  readonly position: number;
  /** The first plan comes with the registration. */
  readonly type: 'OrganizationRegistered' | 'PlanChanged';
}

/** The plan at an instant: the last one that began at or before it. Before the registration it is the first. */
export function planSince(subscriber: Pick<Subscriber, 'plans'>, at: string): PlanSince {
  const begun = subscriber.plans.filter(({ since }) => Date.parse(since) <= Date.parse(at));
  return begun.at(-1) ?? firstPlan(subscriber);
}

export function planAt(subscriber: Pick<Subscriber, 'plans'>, at: string): Plan {
  return planSince(subscriber, at).plan;
}

/** When it was registered. */
export function registeredAt(subscriber: Pick<Subscriber, 'plans'>): string {
  return firstPlan(subscriber).since;
}

function firstPlan({ plans: [first] }: Pick<Subscriber, 'plans'>): PlanSince {
  if (!first) throw new Error('a subscriber has at least the plan of its registration');
  return first;
}
