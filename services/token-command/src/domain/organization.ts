import {
  type BillingTerms,
  type LeakResponse,
  type Plan,
  TollgateError,
  type TollgateEvent,
} from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';
import { changedDetails, detailsOf } from './details.ts';

/** An organization: its plan and how it is billed. */
export type OrganizationState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly id: string;
      readonly name: string;
      readonly plan: Plan;
      readonly currency: string;
      readonly timeZone: string;
      readonly billing: BillingTerms;
      readonly mcpUrl: string | null;
      readonly leakResponse: LeakResponse;
      readonly auditRetentionDays: number | null;
      readonly createdAt: string;
    };
export type RegisteredOrganization = Extract<OrganizationState, { status: 'registered' }>;

type OrganizationEvent = TollgateEvent<
  'OrganizationRegistered' | 'OrganizationDetailsChanged' | 'PlanChanged' | 'LeakResponseChosen' | 'AuditRetentionSet'
>;

export const organization: Aggregate<OrganizationState, OrganizationEvent> = {
  category: 'organization',
  initial: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'OrganizationRegistered':
        return {
          status: 'registered',
          id: event.orgId as string,
          createdAt: event.at,
          leakResponse: 'revoke',
          auditRetentionDays: null,
          ...event.data,
        };
      case 'OrganizationDetailsChanged':
        return state.status === 'none' ? state : { ...state, name: event.data.name, mcpUrl: event.data.mcpUrl };
      case 'PlanChanged':
        return state.status === 'none' ? state : { ...state, plan: event.data.plan };
      case 'LeakResponseChosen':
        return state.status === 'none' ? state : { ...state, leakResponse: event.data.response };
      case 'AuditRetentionSet':
        return state.status === 'none' ? state : { ...state, auditRetentionDays: event.data.days };
      default:
        return state;
    }
  },
};

export function registerOrganization(
  state: OrganizationState,
  command: {
    name: string;
    plan: Plan;
    currency: string;
    timeZone: string;
    billing: BillingTerms;
    mcpUrl: string | null;
  },
): OrganizationEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This organization is registered already.');
  return [{ type: 'OrganizationRegistered', data: command }];
}

/** Renames it, or changes the MCP server that its tokens reach (null: that of their product). */
export function changeOrganization(
  state: OrganizationState,
  command: { name?: string | undefined; mcpUrl?: string | null | undefined },
): OrganizationEvent[] {
  const previous = detailsOf(theOrganization(state));
  const details = changedDetails(previous, command);
  return details === null ? [] : [{ type: 'OrganizationDetailsChanged', data: { ...details, previous } }];
}

export function changePlan(state: OrganizationState, command: { plan: Plan }): OrganizationEvent[] {
  const { plan: previous } = theOrganization(state);
  return previous === command.plan ? [] : [{ type: 'PlanChanged', data: { plan: command.plan, previous } }];
}

/** What is to happen to a token whose secret is found in the open. */
export function chooseLeakResponse(
  state: OrganizationState,
  { response }: { response: LeakResponse },
): OrganizationEvent[] {
  const { leakResponse: previous } = theOrganization(state);
  return previous === response ? [] : [{ type: 'LeakResponseChosen', data: { response, previous } }];
}

/** After how many days entries of its audit log lose their contents; null: never. */
export function setAuditRetention(state: OrganizationState, { days }: { days: number | null }): OrganizationEvent[] {
  const { auditRetentionDays: previous } = theOrganization(state);
  return previous === days ? [] : [{ type: 'AuditRetentionSet', data: { days, previous } }];
}

export function theOrganization(state: OrganizationState): RegisteredOrganization {
  if (state.status === 'none')
    throw new TollgateError('NOT_FOUND', 'There is no such organization. Check the id after /v1/orgs/.');
  return state;
}

/** What happens to a token of the organization whose secret was found in the open. */
export function leakResponseOf(state: OrganizationState): LeakResponse {
  return state.status === 'none' ? 'revoke' : state.leakResponse;
}
