import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { type ServiceHandle, startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';
import { ask, connectWithoutLimits } from '../support/bus-user.ts';
import { eventually } from '../support/eventually.ts';
import { type Door, httpDoor, Watch } from '../support/watch.ts';

/** L + M, and what a call may take beside its barrier. */
const longestRevokeMs = 2_250 + 250;

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let second: ServiceHandle;
let nc: NatsConnection;
let doors: Record<'first' | 'second' | 'nats', Door>;

beforeAll(async () => {
  stack = await startStack();
  second = await stack.spawn('auth-verifier');
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  nc = await connectWithoutLimits(stack);
  const authorization = `Bearer ${await callers.jwt({ sub: 'shop', scope: 'tokens:verify' })}`;
  doors = {
    first: httpDoor(stack.verifierUrl, authorization),
    second: httpDoor(second.url, authorization),
    nats: (token, wishes) => ask(nc, 'tollgate.v1.tokens.verify', JSON.stringify({ token, ...wishes })),
  };
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await stack?.stop();
});

const revoke = async (id: string) => must(200, await acme.owner('POST', acme.at(`/tokens/${id}/revoke`)));

describe('a verification that begins after the revoke call returned is never accepted', () => {
  it('by two verifiers, over HTTP and NATS, in 30 revokes', async () => {
    const watch = new Watch(doors);
    try {
      for (let round = 0; round < 30; round++) {
        const { secret, token } = await makeToken(acme);
        const watched = await watch.see(secret);
        const { result, tookMs } = await watch.narrow(watched, () => revoke(token.id));
        expect(result.barrier).toMatchObject({ verifiers: 2, mode: 'acknowledged' });
        expect(tookMs).toBeLessThan(longestRevokeMs);
        await watch.seeRefused(watched, 2);
      }
    } finally {
      await watch.stop();
    }
    expect(watch.violations).toEqual([]);
  });

  it.each([1_000, 1_700, 2_300, 3_000])(
    'by a verifier that was paused for %i ms, which delays the revoke no longer than the lease',
    async (pauseMs) => {
      const { secret, token } = await makeToken(acme);
      const stays = await makeToken(acme);
      const watch = new Watch({ first: doors.first, second: doors.second });
      try {
        const watched = await watch.see(secret);
        second.pause();
        const pausedMs = performance.now();
        const resumed = new Promise<void>((resolve) => setTimeout(resolve, pauseMs)).then(() => second.resume());
        const { result, tookMs } = await watch.narrow(watched, () => revoke(token.id), ['first']);
        // These wait in the connections of the paused process, if it is paused still, and are the first it sees.
        const late = Array.from({ length: 10 }, () => doors.second(secret, {}));
        expect(tookMs).toBeLessThan(longestRevokeMs);
        const leaseRanOut = performance.now() - pausedMs < pauseMs;
        expect(result.barrier).toMatchObject({ verifiers: 2, ...(leaseRanOut ? { mode: 'lease-expired' } : {}) });
        await resumed;
        for (const answer of await Promise.all(late)) {
          if (answer.status === 503) expect(answer.body.code).toBe('UNDECIDABLE');
          else expect(must(200, answer)).toMatchObject({ valid: false, reason: 'revoked' });
        }
        await watch.seeRefused(watched, 5);
        await eventually(async () => {
          const decision = must(200, await doors.second(stays.secret, { atLeast: stays.position }));
          expect(decision).toMatchObject({ valid: true });
        }, 5_000);
      } finally {
        second.resume();
        await watch.stop();
      }
      expect(watch.violations).toEqual([]);
    },
  );
});
