import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import { atLeast, Barrier, listQuery, Name, OrgId, page, Position, ProjectId, TeamId, TeamPolicy } from '../values.ts';

export const Team = z
  .object({
    id: TeamId,
    orgId: OrgId,
    name: z.string(),
    policy: TeamPolicy,
    /** The projects that the team's tokens may reach. */
    projects: z.array(ProjectId),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.team,
      orgId: exampleIds.org,
      name: 'Support agents',
      policy: { allow: { tools: ['github.*', 'search'] }, deny: { tools: ['github.delete_*'] } },
      projects: [exampleIds.project],
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Team = z.infer<typeof Team>;

export const Project = z
  .object({
    id: ProjectId,
    orgId: OrgId,
    name: z.string(),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.project,
      orgId: exampleIds.org,
      name: 'Billing revamp',
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Project = z.infer<typeof Project>;

const who = ['owner', 'admin'] as const;
const narrowed = z.object({ team: Team, position: Position, barrier: Barrier });

export const teamsCreate = operation({
  name: 'teams.create',
  service: 'token-command',
  kind: 'command',
  summary:
    'Create a team. Its tokens may call every tool until it has a policy, and reach no project until it has some',
  http: { method: 'POST', path: '/v1/orgs/:org/teams', status: 201 },
  who,
  input: z.strictObject({ org: OrgId, name: Name }),
  output: z.object({ team: Team, position: Position }),
  example: { input: { name: 'Support agents' } },
});

export const teamsList = operation({
  name: 'teams.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List the teams of an organization with their policies and projects, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/teams' },
  who,
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Team),
});

export const teamsSetPolicy = operation({
  name: 'teams.set-policy',
  service: 'token-command',
  kind: 'command',
  summary:
    'Set which tools the tokens of a team may call, by globs. deny wins; no allow means all tools, an empty one none',
  http: { method: 'PUT', path: '/v1/orgs/:org/teams/:tea/policy' },
  who,
  input: z.strictObject({ org: OrgId, tea: TeamId, ...TeamPolicy.shape }),
  output: narrowed,
  errors: ['VERSION_MISMATCH'],
  narrowing: true,
  example: {
    input: {
      allow: { tools: ['github.*', 'search'] },
      deny: { tools: ['github.delete_*'] },
    },
  },
});

export const teamsAddProject = operation({
  name: 'teams.add-project',
  service: 'token-command',
  kind: 'command',
  summary: 'Let the tokens of a team reach a project',
  http: { method: 'PUT', path: '/v1/orgs/:org/teams/:tea/projects/:prj' },
  who,
  input: z.strictObject({ org: OrgId, tea: TeamId, prj: ProjectId }),
  output: z.object({ team: Team, position: Position }),
  errors: ['VERSION_MISMATCH'],
});

export const teamsRemoveProject = operation({
  name: 'teams.remove-project',
  service: 'token-command',
  kind: 'command',
  summary: 'Close a project to the tokens of a team',
  http: { method: 'DELETE', path: '/v1/orgs/:org/teams/:tea/projects/:prj' },
  who,
  input: z.strictObject({ org: OrgId, tea: TeamId, prj: ProjectId }),
  output: narrowed,
  errors: ['VERSION_MISMATCH'],
  narrowing: true,
});

export const projectsCreate = operation({
  name: 'projects.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Create a project, which teams may then reach',
  http: { method: 'POST', path: '/v1/orgs/:org/projects', status: 201 },
  who,
  input: z.strictObject({ org: OrgId, name: Name }),
  output: z.object({ project: Project, position: Position }),
  example: { input: { name: 'Billing revamp' } },
});

export const projectsList = operation({
  name: 'projects.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List the projects of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/projects' },
  who,
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Project),
});
