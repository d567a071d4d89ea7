import type { TokenScope } from '@tollgate/contracts';
import { account } from '../../domain/account.ts';
import { membership, membershipId } from '../../domain/membership.ts';
import { space } from '../../domain/space.ts';
import { team } from '../../domain/team.ts';
import type { Pairing } from '../../domain/token.ts';
import type { Context, StreamReference } from '../command-runner.ts';

/** What a token is to be paired with: an account, its space if it has one, a team if it has one. */
export interface Pair {
  readonly accountId: string;
  readonly scope: TokenScope;
  readonly teamId: string | null;
}

/** The streams that a pairing rests on. */
export function streamsOf({ accountId, scope, teamId }: Pair): StreamReference[] {
  const ofSpace: StreamReference[] =
    scope.type === 'multi-space'
      ? []
      : [
          [space, scope.spaceId],
          [membership, membershipId(scope.spaceId, accountId)],
        ];
  return [[account, accountId], ...ofSpace, ...(teamId === null ? [] : [[team, teamId] as const])];
}

/** The pairing as those streams say it is. */
export function pairingOf(orgId: string, { accountId, scope, teamId }: Pair, context: Context): Pairing {
  const single = scope.type === 'single-space';
  return {
    orgId,
    account: context.of(account, accountId).state,
    space: single ? context.of(space, scope.spaceId).state : space.initial,
    membership: single ? context.of(membership, membershipId(scope.spaceId, accountId)).state : membership.initial,
    team: teamId === null ? null : context.of(team, teamId).state,
  };
}
