import type { Organization } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type OrganizationState, theOrganization } from '../../domain/organization.ts';

export function presentOrganization({ state, version }: Folded<OrganizationState>): Organization {
  const { status: _, ...organization } = theOrganization(state);
  return { ...organization, version };
}
