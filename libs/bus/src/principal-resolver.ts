import { principalsResolve } from '@tollgate/contracts';
import type { PrincipalResolver } from '@tollgate/identity';
import type { BusClient } from './bus.ts';

/** Asks token-command, which owns the directory, for every call: a role that was taken away counts at once. */
export function busPrincipalResolver(bus: BusClient): PrincipalResolver {
  return {
    async resolve({ claims, orgId, spaceId }) {
      const { account } = await bus.call(principalsResolve, {
        org: orgId,
        subject: claims.sub,
        ...(spaceId ? { space: spaceId } : {}),
      });
      return account;
    },
  };
}
