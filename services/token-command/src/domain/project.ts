import { TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** A project of an organization. Which teams reach it: `team.ts`. */
export type ProjectState =
  | { readonly status: 'none' }
  | {
      readonly status: 'created';
      readonly id: string;
      readonly orgId: string;
      readonly name: string;
      readonly createdAt: string;
    };
export type CreatedProject = Extract<ProjectState, { status: 'created' }>;

type ProjectEvent = TollgateEvent<'ProjectCreated'>;

export const project: Aggregate<ProjectState, ProjectEvent> = {
  category: 'project',
  initial: { status: 'none' },
  evolve: (state, event) =>
    event.type === 'ProjectCreated'
      ? {
          status: 'created',
          id: event.data.projectId,
          orgId: event.orgId as string,
          name: event.data.name,
          createdAt: event.at,
        }
      : state,
};

export function createProject(state: ProjectState, command: { projectId: string; name: string }): ProjectEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This project exists already.');
  return [{ type: 'ProjectCreated', data: command }];
}

/** The project of this organization, or NOT_FOUND: a foreign project is not there for the caller. */
export function theProject(state: ProjectState, orgId: string): CreatedProject {
  if (state.status === 'none' || state.orgId !== orgId)
    throw new TollgateError(
      'NOT_FOUND',
      'There is no such project in this organization. List them with GET /v1/orgs/:org/projects.',
    );
  return state;
}
