import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AckPolicy, DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { busPermissions, streams, type UsageBatch } from '@tollgate/contracts';
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
import { connectWith } from '../support/bus-user.ts';
import { eventually } from '../support/eventually.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

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

describe('a SIGKILL of a verifier', () => {
  /** A round of reports, and the time that the last report before the end may have been under way. */
  const lostMs = 250 + 250;

  it('loses what was counted in the last 250 ms, and nothing before', async () => {
    const { token, secret } = await freshToken();
    const verifier = stack.service('auth-verifier');
    const answeredMs: number[] = [];
    while (performance.now() - (answeredMs[0] ?? performance.now()) < 2_000) {
      must(200, await verify(secret));
      answeredMs.push(performance.now());
    }
    const killedMs = performance.now();
    await verifier.kill('SIGKILL');
    const safe = answeredMs.filter((ms) => ms < killedMs - lostMs).length;
    expect(safe).toBeGreaterThan(50);
    await eventually(async () => expect(await usesOf(token.id)).toBeGreaterThanOrEqual(1 + safe), 5_000);
    expect(await usesOf(token.id)).toBeLessThanOrEqual(1 + answeredMs.length);
    await verifier.ready();
  }, 60_000);
});

describe('the stream TOLLGATE_USAGE', () => {
  it('has the batches that were counted, for whoever may read it and nobody else', async () => {
    const { token, secret } = await freshToken();
    for (let n = 0; n < 20; n++) must(200, await verify(secret));
    await eventually(async () => expect(await usesOf(token.id)).toBe(21), 5_000);
    const reader = await connectWith(stack, busPermissions('outside:usage-feed'));
    try {
      const seen = new Map<string, UsageBatch>();
      await eventually(async () => {
        for (const { subject, batch } of await readBatches(reader)) {
          expect(subject).toMatch(/^tollgate\.usage\./);
          seen.set(`${batch.verifier}:${batch.sequence}`, batch);
        }
        const counts = [...seen.values()].flatMap(({ tokens }) => tokens).filter(({ tokenId }) => tokenId === token.id);
        expect(counts.reduce((sum, { calls }) => sum + calls, 0)).toBe(21);
        expect(counts[0]).toMatchObject({ orgId: acme.org.id, previousUsedAt: null });
        const { lastUsedAt } = await tokenNow(token.id);
        expect(
          counts
            .map((each) => each.lastUsedAt)
            .sort()
            .at(-1),
        ).toBe(lastUsedAt);
      }, 10_000);
      const audit = { stream_name: 'TOLLGATE_AUDIT', config: { ack_policy: 'none' } };
      await expect(
        reader.request('$JS.API.CONSUMER.CREATE.TOLLGATE_AUDIT', JSON.stringify(audit), { timeout: 2_000 }),
      ).rejects.toThrow();
    } finally {
      await reader.close();
    }
  });
});

/** All that is in the stream, by a consumer of its own. */
async function readBatches(nc: NatsConnection): Promise<{ subject: string; batch: UsageBatch }[]> {
  const js = jetstream(nc);
  const manager = await js.jetstreamManager(false);
  const { name, num_pending: count } = await manager.consumers.add(streams.usage, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
  });
  const found: { subject: string; batch: UsageBatch }[] = [];
  if (count > 0) {
    const messages = await (await js.consumers.get(streams.usage, name)).fetch({ max_messages: count, expires: 2_000 });
    for await (const message of messages) found.push({ subject: message.subject, batch: message.json() });
  }
  await manager.consumers.delete(streams.usage, name);
  return found;
}

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

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
