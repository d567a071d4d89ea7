import { expect } from '@jest/globals';
import type { KnownBalance, VerifyRequest } from '@tollgate/contracts';
import { decide, type DecisionCore } from '../decide.ts';
import { replicaOf, type Happening } from './events.ts';

export * from './events.ts';

/** `given(events).when(request, at).then(decision)`; without `at`, the authority's time is the start of 2026, and without `balances` none is known. */
export function given(...happenings: readonly Happening[]) {
  return {
    when(request: VerifyRequest, at = '2026-01-01T00:00:00.000Z', balances: readonly KnownBalance[] = []) {
      const run = () => {
        const replica = replicaOf(...happenings);
        replica.balances.update({ balances, all: null });
        return decide(replica, request, Date.parse(at));
      };
      return {
        then: (expected: Partial<DecisionCore>) => expect(run()).toMatchObject(expected),
        thenExactly: (expected: DecisionCore) => expect(run()).toEqual(expected),
        thenRefused: (code: string) => expect(run).toThrow(expect.objectContaining({ code })),
      };
    },
  };
}
