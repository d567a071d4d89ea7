import type { Organization } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type OrganizationState, theOrganization } from '../../domain/organization.ts';

export function presentOrganization({ state, version }: Folded<OrganizationState>): Organization {
  const { id, name, plan, currency, timeZone, billing, mcpUrl, leakResponse, auditRetentionDays, createdAt } =
    theOrganization(state);
  const { anchor, interval, policy } = billing;
  return {
    ...{ id, name, plan, currency, timeZone, billing: { anchor, interval, policy }, mcpUrl, leakResponse },
    ...{ auditRetentionDays, createdAt, version },
  };
}
