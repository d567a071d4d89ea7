import { type TeamPolicy, TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';
import { type ProjectState, theProject } from './project.ts';

/** A team: the policy and the projects that its tokens inherit. */
export type TeamState =
  | { readonly status: 'none' }
  | {
      readonly status: 'created';
      readonly id: string;
      readonly orgId: string;
      readonly name: string;
      readonly policy: TeamPolicy;
      readonly projects: readonly string[];
      readonly createdAt: string;
    };
export type CreatedTeam = Extract<TeamState, { status: 'created' }>;

type TeamEvent = TollgateEvent<'TeamCreated' | 'TeamPolicySet' | 'TeamProjectAdded' | 'TeamProjectRemoved'>;

export const team: Aggregate<TeamState, TeamEvent> = {
  category: 'team',
  initial: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'TeamCreated') {
      const { teamId: id, name } = event.data;
      return {
        status: 'created',
        id,
        orgId: event.orgId as string,
        name,
        policy: {},
        projects: [],
        createdAt: event.at,
      };
    }
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'TeamPolicySet':
        return { ...state, policy: event.data.policy };
      case 'TeamProjectAdded':
        return { ...state, projects: [...state.projects, event.data.projectId].sort() };
      case 'TeamProjectRemoved':
        return { ...state, projects: state.projects.filter((id) => id !== event.data.projectId) };
      default:
        return state;
    }
  },
};

export function createTeam(state: TeamState, command: { teamId: string; name: string }): TeamEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This team exists already.');
  return [{ type: 'TeamCreated', data: command }];
}

/** Sets the whole policy. The order and the repetition of globs mean nothing, so they are sorted and unique. */
export function setTeamPolicy(state: TeamState, command: { policy: TeamPolicy }): TeamEvent[] {
  const { id: teamId, policy: previous } = theTeam(state);
  const policy = inOrder(command.policy);
  if (JSON.stringify(policy) === JSON.stringify(previous)) return [];
  return [{ type: 'TeamPolicySet', data: { teamId, policy, previous } }];
}

/** Opens a project, which must be one of the team's organization. Repeated, it decides nothing. */
export function addProject(state: TeamState, command: { project: ProjectState }): TeamEvent[] {
  const { id: teamId, orgId, projects } = theTeam(state);
  const { id: projectId } = theProject(command.project, orgId);
  return projects.includes(projectId) ? [] : [{ type: 'TeamProjectAdded', data: { teamId, projectId } }];
}

/** Closes a project. One that the team does not have is closed already: it decides nothing. */
export function removeProject(state: TeamState, command: { project: ProjectState }): TeamEvent[] {
  const { id: teamId, orgId, projects } = theTeam(state);
  const { id: projectId } = theProject(command.project, orgId);
  return projects.includes(projectId) ? [{ type: 'TeamProjectRemoved', data: { teamId, projectId } }] : [];
}

export function theTeam(state: TeamState): CreatedTeam {
  if (state.status === 'none')
    throw new TollgateError(
      'NOT_FOUND',
      'There is no such team in this organization. List them with GET /v1/orgs/:org/teams.',
    );
  return state;
}

/** The team that an input names at `path`: of this organization. */
export function theTeamNamed(state: TeamState, orgId: string, path: string): CreatedTeam {
  if (state.status === 'none' || state.orgId !== orgId) {
    throw new TollgateError(
      'UNKNOWN_REFERENCE',
      'There is no such team in this organization. List them with GET /v1/orgs/:org/teams.',
      [{ path, message: 'names no team of this organization' }],
    );
  }
  return state;
}

function inOrder({ allow, deny }: TeamPolicy): TeamPolicy {
  const sorted = ({ tools }: { tools: readonly string[] }) => ({ tools: [...new Set(tools)].sort() });
  return { ...(allow ? { allow: sorted(allow) } : {}), ...(deny ? { deny: sorted(deny) } : {}) };
}
