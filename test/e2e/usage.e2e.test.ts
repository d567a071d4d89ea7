import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  verifyDecidably,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(() => stack?.stop());

const verify = (token: string, wishes: object = {}) => verifyDecidably(callers, { token, ...wishes });
const tokenNow = async (id: string) => must(200, await acme.owner('GET', acme.at(`/tokens/${id}`)));
const usesOf = async (id: string) => (await tokenNow(id)).usageCount as number;

/** A token that the verifier knows. */
async function freshToken() {
  const created = await makeToken(acme);
  must(200, await verify(created.secret, { atLeast: created.position }));
  return created;
}

describe('usage', () => {
  it('shows in token and list within two seconds, and counts each use once', async () => {
    const { token, secret } = await freshToken();
    for (let n = 0; n < 9; n++) must(200, await verify(secret));
    const usedAt = Date.now();
    await eventually(async () => expect(await usesOf(token.id)).toBe(10), 2000);
    const { lastUsedAt } = await tokenNow(token.id);
    expect(Math.abs(Date.parse(lastUsedAt) - usedAt)).toBeLessThan(2000);
    const list = must(200, await acme.owner('GET', acme.at(`/tokens?limit=200`)));
    const listed = list.items.find(({ id }: { id: string }) => id === token.id);
    expect(listed).toMatchObject({ usageCount: 10, lastUsedAt });
  });

  it('of the secret before is shown apart, while it overlaps', async () => {
    const { token, secret } = await freshToken();
    const next = must(
      200,
      await acme.owner('POST', acme.at(`/tokens/${token.id}/regenerate`), { overlapSeconds: 600 }),
    );
    must(200, await verify(next.secret, { atLeast: next.position }));
    await eventually(async () => expect(await usesOf(token.id)).toBe(2), 2000);
    expect((await tokenNow(token.id)).overlap).toMatchObject({ lastUsedAt: null });
    expect(must(200, await verify(secret))).toMatchObject({ valid: true, previousSecret: true });
    await eventually(async () => {
      const { overlap, usageCount, lastUsedAt } = await tokenNow(token.id);
      expect([usageCount, overlap.lastUsedAt]).toEqual([3, lastUsedAt]);
    }, 2000);
  });

  it('survives the loss of token-command and of NATS, and is counted once', async () => {
    const { token, secret } = await freshToken();
    const authority = stack.service('token-command');
    await authority.kill('SIGKILL');
    for (let n = 0; n < 5; n++) must(200, await verify(secret));
    await authority.ready();
    await eventually(async () => expect(await usesOf(token.id)).toBe(6));
    await stack.service('auth-verifier').ready();
    for (let n = 0; n < 5; n++) must(200, await verify(secret));
    await stack.nats.kill('SIGKILL');
    await eventually(async () => expect(await usesOf(token.id)).toBe(11), 20_000);
  }, 60_000);

  it('is not lost when a verifier shuts down', async () => {
    const { token, secret } = await freshToken();
    await stack.service('auth-verifier').ready();
    const before = await eventually(async () => {
      must(200, await verify(secret));
      return usesOf(token.id);
    });
    let uses = 0;
    for (; uses < 20; uses++) must(200, await verify(secret));
    await stack.service('auth-verifier').kill('SIGTERM');
    await eventually(async () => expect(await usesOf(token.id)).toBeGreaterThanOrEqual(before + uses));
    await stack.service('auth-verifier').ready();
  }, 60_000);
});

describe('refused attempts', () => {
  it('with a known token reach the audit log, with reason and number', async () => {
    const { token, secret } = await freshToken();
    must(200, await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`), {}));
    for (let n = 0; n < 3; n++) must(200, await verify(secret));
    const entry = await eventually(async () => {
      const path = `/audit?namespace=Security&outcome=refused&target=${token.id}`;
      const { items } = must(200, await acme.owner('GET', acme.at(path)));
      expect(items.length).toBeGreaterThan(0);
      return items[0];
    }, 5000);
    expect(entry).toMatchObject({
      namespace: 'Security',
      action: 'attempts.refused',
      outcome: 'refused',
      reason: 'revoked',
      actor: { type: 'service', id: 'auth-verifier' },
      targets: [{ type: 'token', id: token.id }],
      after: { minute: expect.stringMatching(/:00\.000Z$/), count: expect.any(Number) },
    });
  });
});
