import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ServiceHandle, startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { type Door, httpDoor, Watch } from '../support/watch.ts';

/** L + M, and what a call may take beside its barrier. */
const longestNarrowingMs = 2_250 + 250;

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let second: ServiceHandle;
let doors: Record<'first' | 'second', Door>;

beforeAll(async () => {
  stack = await startStack();
  second = await stack.spawn('auth-verifier');
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  const authorization = `Bearer ${await callers.jwt({ sub: 'shop', scope: 'tokens:verify' })}`;
  doors = { first: httpDoor(stack.verifierUrl, authorization), second: httpDoor(second.url, authorization) };
}, 60_000);
afterAll(() => stack?.stop());

/** Runs `rounds` under the eyes of a watch on both verifiers, and expects that it saw nothing it must not see. */
async function watched(rounds: number, round: (watch: Watch, number: number) => Promise<void>): Promise<void> {
  const watch = new Watch(doors);
  try {
    for (let number = 0; number < rounds; number++) await round(watch, number);
  } finally {
    await watch.stop();
  }
  expect(watch.violations).toEqual([]);
}

const wishes = ({ space }: Organization) => ({ space: space.id, resource: 'agents', operation: 'list' });
const memberOf = ({ at, space, service }: Organization) => at(`/spaces/${space.id}/members/${service.id}`);

describe('what was taken away is refused by every verifier from the moment the call has returned', () => {
  it('the old secret of a regenerated token', () =>
    watched(8, async (watch) => {
      const { secret, token } = await makeToken(acme);
      const seen = await watch.see(secret);
      const regenerate = () => acme.owner('POST', acme.at(`/tokens/${token.id}/regenerate`));
      const { result } = await watch.narrow(seen, async () => must(200, await regenerate()));
      expect(result.barrier).toMatchObject({ verifiers: 2, mode: 'acknowledged' });
      await watch.seeRefused(seen, 2);
      await watch.see(result.secret);
    }));

  it('a deactivated token', () =>
    watched(8, async (watch) => {
      const { secret, token } = await makeToken(acme);
      const seen = await watch.see(secret);
      const deactivate = () => acme.owner('POST', acme.at(`/tokens/${token.id}/deactivate`));
      await watch.narrow(seen, async () => must(200, await deactivate()));
      await watch.seeRefused(seen, 2);
    }));

  it('every token of a deactivated account', () =>
    watched(5, async (watch) => {
      const own = await makeOrganization(callers);
      const [one, other] = [await makeToken(own), await makeToken(own)];
      const seen = await watch.see(one.secret);
      const alsoSeen = await watch.see(other.secret);
      const deactivate = () => own.owner('POST', own.at(`/accounts/${own.service.id}/deactivate`));
      const both = () => watch.narrow(alsoSeen, async () => must(200, await deactivate()));
      const { result } = (await watch.narrow(seen, both)).result;
      expect(result.tokens).toHaveLength(2);
      await watch.seeRefused(seen, 2);
      await watch.seeRefused(alsoSeen, 2);
    }));

  it('the space of a removed member', () =>
    watched(5, async (watch) => {
      const own = await makeOrganization(callers);
      const { secret } = await makeToken(own);
      const seen = await watch.see(secret, wishes(own));
      await watch.narrow(seen, async () => must(200, await own.owner('DELETE', memberOf(own))));
      await watch.seeRefused(seen, 2);
    }));

  it('a removed permission', () =>
    watched(5, async (watch) => {
      const own = await makeOrganization(callers);
      const { secret } = await makeToken(own);
      const seen = await watch.see(secret, wishes(own));
      const less = { permissions: ['chat:chat'] };
      await watch.narrow(seen, async () => must(200, await own.owner('PUT', memberOf(own), less)));
      await watch.seeRefused(seen, 2);
    }));
});

describe('a verifier that ends in the middle of a revoke', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s: delays it no longer than its lease, and accepts nothing after',
    (signal) =>
      watched(3, async (watch, number) => {
        const { secret, token } = await makeToken(acme);
        const seen = await watch.see(secret);
        const { pid } = second;
        const ended = second.kill(signal);
        // Before the end, at once with it, and after it.
        if (number % 2 === 1) await new Promise((resolve) => setTimeout(resolve, number * 20));
        const revoke = () => acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`));
        const { tookMs } = await watch.narrow(seen, async () => must(200, await revoke()));
        expect(tookMs).toBeLessThan(longestNarrowingMs);
        await ended;
        await eventually(() => expect(second.pid ?? pid).not.toBe(pid));
        await second.ready();
        // The new process has read the log from its beginning, and knows.
        await watch.seeRefused(seen, 5);
        await eventually(async () => {
          const decision = must(200, await doors.second(secret, {}));
          expect(decision).toMatchObject({ valid: false, reason: 'revoked' });
        });
      }),
  );

  it('both at once: the revoke returns all the same, and nothing is accepted before they are back', () =>
    watched(1, async (watch) => {
      const { secret, token } = await makeToken(acme);
      const stays = await makeToken(acme);
      const seen = await watch.see(secret);
      const first = stack.service('auth-verifier');
      const revoking = watch.narrow(seen, async () =>
        must(200, await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`))),
      );
      await Promise.all([first.kill(), second.kill()]);
      expect((await revoking).tookMs).toBeLessThan(longestNarrowingMs);
      await Promise.all([first.ready(), second.ready()]);
      await watch.seeRefused(seen, 3);
      await watch.see(stays.secret);
    }));
});
