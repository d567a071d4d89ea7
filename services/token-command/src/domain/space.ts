import { TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** A workspace of an organization. Who belongs to it: `membership.ts`. */
export type SpaceState =
  | { readonly status: 'none' }
  | {
      readonly status: 'created';
      readonly id: string;
      readonly orgId: string;
      readonly name: string;
      readonly createdAt: string;
    };
export type CreatedSpace = Extract<SpaceState, { status: 'created' }>;

type SpaceEvent = TollgateEvent<'SpaceCreated'>;

export const space: Aggregate<SpaceState, SpaceEvent> = {
  category: 'space',
  initial: { status: 'none' },
  evolve: (state, event) =>
    event.type === 'SpaceCreated'
      ? {
          status: 'created',
          id: event.data.spaceId,
          orgId: event.orgId as string,
          name: event.data.name,
          createdAt: event.at,
        }
      : state,
};

export function createSpace(state: SpaceState, command: { spaceId: string; name: string }): SpaceEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This space exists already.');
  return [{ type: 'SpaceCreated', data: command }];
}

/** The space of this organization, or NOT_FOUND: a foreign space is not there for the caller. */
export function theSpace(state: SpaceState, orgId: string): CreatedSpace {
  if (state.status === 'none' || state.orgId !== orgId)
    throw new TollgateError(
      'NOT_FOUND',
      'There is no such space in this organization. List them with GET /v1/orgs/:org/spaces.',
    );
  return state;
}
