import type { EventData } from '@tollgate/contracts';
import type { Change, Effects, Values } from './changes.ts';

/** What the events of the directory do to its lists: who and what there is in an organization. */
export const directoryEffects: Effects = {
  AccountCreated: ({ accountId: id, kind, role }, { orgId, at, version }) => [
    { insertInto: 'accounts', values: { org_id: orgId, id, kind, role, status: 'active', created_at: at, version } },
  ],
  AccountRoleChanged: ({ accountId, role }) => [{ update: 'accounts', id: accountId, set: { role } }],
  AccountDeactivated: ({ accountId }) => [{ update: 'accounts', id: accountId, set: { status: 'deactivated' } }],
  AccountErased: ({ accountId }) => [{ update: 'accounts', id: accountId, set: {} }],
  SpaceCreated: ({ spaceId: id, name }, { orgId, at, version }) => [
    { insertInto: 'spaces', values: { org_id: orgId, id, name, created_at: at, version } },
  ],
  MembershipGranted: (data, { orgId }) => [{ insertInto: 'memberships', values: membershipRow(orgId, data) }],
  MembershipChanged: (data, { orgId }) => [
    membershipEnds(orgId, data),
    { insertInto: 'memberships', values: membershipRow(orgId, data) },
  ],
  MembershipRemoved: (data, { orgId }) => [membershipEnds(orgId, data)],
  TeamCreated: ({ teamId: id, name }, { orgId, at, version }) => [
    { insertInto: 'teams', values: { org_id: orgId, id, name, policy: {}, created_at: at, version } },
  ],
  TeamPolicySet: ({ teamId, policy }) => [{ update: 'teams', id: teamId, set: { policy } }],
  TeamProjectAdded: ({ teamId, projectId }, { orgId }) => [
    { insertInto: 'team_projects', values: { org_id: orgId, team_id: teamId, project_id: projectId } },
    { update: 'teams', id: teamId, set: {} },
  ],
  TeamProjectRemoved: ({ teamId, projectId }, { orgId }) => [
    { deleteFrom: 'team_projects', where: { org_id: orgId, team_id: teamId, project_id: projectId } },
    { update: 'teams', id: teamId, set: {} },
  ],
  ProjectCreated: ({ projectId: id, name }, { orgId, at, version }) => [
    { insertInto: 'projects', values: { org_id: orgId, id, name, created_at: at, version } },
  ],
  ProductRegistered: ({ key, tokenPrefix }, { at }) => [
    { insertInto: 'products', values: { key, token_prefix: tokenPrefix, created_at: at } },
  ],
};

const membershipRow = (
  orgId: string | null,
  { accountId, spaceId, permissions, administers }: EventData<'MembershipGranted'>,
): Values => ({ org_id: orgId, account_id: accountId, space_id: spaceId, permissions, administers });

const membershipEnds = (
  orgId: string | null,
  { accountId, spaceId }: { accountId: string; spaceId: string },
): Change => ({ deleteFrom: 'memberships', where: { org_id: orgId, account_id: accountId, space_id: spaceId } });
