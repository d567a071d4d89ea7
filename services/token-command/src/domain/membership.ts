import { TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** What an account may do in one space. The stream is `membership-<space>.<account>`. */
export type MembershipState =
  | { readonly status: 'none' | 'removed' }
  | {
      readonly status: 'member';
      readonly spaceId: string;
      readonly accountId: string;
      readonly permissions: readonly string[];
      readonly administers: boolean;
    };

type MembershipEvent = TollgateEvent<'MembershipGranted' | 'MembershipChanged' | 'MembershipRemoved'>;

export const membershipId = (spaceId: string, accountId: string) => `${spaceId}.${accountId}`;

export const membership: Aggregate<MembershipState, MembershipEvent> = {
  category: 'membership',
  initial: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'MembershipGranted':
      case 'MembershipChanged': {
        const { spaceId, accountId, permissions, administers } = event.data;
        return { status: 'member', spaceId, accountId, permissions, administers };
      }
      case 'MembershipRemoved':
        return { status: 'removed' };
      default:
        return state;
    }
  },
};

/** Grants or changes. The order and the repetition of permissions mean nothing, so they are sorted and unique. */
export function putMember(
  state: MembershipState,
  command: { spaceId: string; accountId: string; permissions: readonly string[]; administers: boolean },
): MembershipEvent[] {
  const permissions = [...new Set(command.permissions)].sort();
  const { spaceId, accountId, administers } = command;
  if (state.status !== 'member')
    return [{ type: 'MembershipGranted', data: { spaceId, accountId, permissions, administers } }];
  if (state.administers === administers && permissions.join() === state.permissions.join()) return [];
  const previous = { permissions: [...state.permissions], administers: state.administers };
  return [{ type: 'MembershipChanged', data: { spaceId, accountId, permissions, administers, previous } }];
}

/** Removes. Repeated, it decides nothing; who never was a member is not found. */
export function removeMember(
  state: MembershipState,
  command: { spaceId: string; accountId: string },
): MembershipEvent[] {
  if (state.status === 'none') throw new TollgateError('NOT_FOUND', 'The account is not a member of this space.');
  return state.status === 'removed' ? [] : [{ type: 'MembershipRemoved', data: command }];
}
