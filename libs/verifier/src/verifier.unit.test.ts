import { describe, expect, it } from '@jest/globals';
import type { Decision } from '@tollgate/contracts';
import { setImmediate as turn } from 'node:timers/promises';
import { Follower, type Acknowledgement } from './follower.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Replica } from './replica.ts';
import { directory, happened, recorded, replicaOf, secretOf, tokenCreated } from './testing/scenario.ts';
import { Verifier, type PrimaryHead } from './verifier.ts';

const secret = secretOf(1);
const history = [...directory, tokenCreated(secret, { expiresAt: '2026-02-01T00:00:00.000Z' })];
const head = history.length;
const revoked = recorded([happened('TokenRevoked', { tokenId: 'tok_1', reason: null })], head);
const start = Date.parse('2026-01-01T00:00:00.000Z');

/** A verifier that has applied `history` and holds no lease yet. */
function verifierWith(primary: () => Promise<PrimaryHead> = () => Promise.reject(new Error('unreachable'))) {
  const world = { now: 0, acknowledged: [] as (Acknowledgement & { holds: boolean })[], heads: [] as number[] };
  const follower: Follower = new Follower(replicaOf(...history), {
    incarnation: () => 'aa',
    acknowledge: (ack) => {
      world.acknowledged.push({ ...ack, holds: follower.replica.tokens.get('tok_1')?.status === 'active' });
    },
    clockMoved: (movedToMs) => keeper.authorityClock.moved(world.now, movedToMs),
  });
  const keeper = new LeaseKeeper({
    clock: () => world.now,
    renew: async () => ({
      logId: 'log-1',
      sameHistory: true,
      leaseMs: 2000,
      head: follower.replica.applied,
      authorityTimeMs: start,
    }),
    giveBack: async () => {},
    logId: () => follower.replica.logId,
    onOtherLog: () => {},
  });
  const verifier = new Verifier(follower, keeper, 'aa', {
    clock: () => world.now,
    primaryHead: primary,
    noteHead: (position) => world.heads.push(position),
  });
  return { world, follower, keeper, verifier };
}

describe('a verification under a lease', () => {
  it('answers at once, with the position and what is left of the lease', async () => {
    const { keeper, verifier, world } = verifierWith();
    await keeper.renew();
    world.now = 280.5;
    const first = verifier.verify({ token: secret }) as Decision;
    expect(first).toMatchObject({ valid: true, code: 'OK', position: head, leaseRemainingMs: 1719 });
    const second = verifier.verify({ token: secret }) as Decision;
    expect(second.decisionId).not.toBe(first.decisionId);
  });

  it.each([
    ['a token that holds', { token: secret }],
    ['a token that does not', { token: secretOf(9) }],
    ['no token', {}],
    ['a request that needs a space', { token: secret, resource: 'agents', operation: 'list' }],
  ])('is undecidable without one, for %s', (_, request) => {
    expect(verifierWith().verifier.verify(request)).toMatchObject({
      valid: false,
      code: 'UNDECIDABLE',
      reason: 'no-lease',
      leaseRemainingMs: 0,
    });
  });

  it('is undecidable at the end of the lease', async () => {
    const { keeper, verifier, world } = verifierWith();
    await keeper.renew();
    world.now = 1999;
    expect(verifier.verify({ token: secret })).toMatchObject({ code: 'OK' });
    world.now = 2000;
    expect(verifier.verify({ token: secret })).toMatchObject({ code: 'UNDECIDABLE', reason: 'no-lease' });
  });

  it('is undecidable when the lease ran out while it was being decided', async () => {
    const { keeper, verifier, world, follower } = verifierWith();
    await keeper.renew();
    const { tokens } = follower.replica;
    const find = tokens.identify.bind(tokens);
    tokens.identify = (digest) => {
      world.now = 5000; // the process was stopped here
      return find(digest);
    };
    expect(verifier.verify({ token: secret })).toMatchObject({ code: 'UNDECIDABLE', reason: 'no-lease' });
  });

  it("compares expiries with the authority's time, moved by the development clock", async () => {
    const { keeper, verifier, follower } = verifierWith();
    await keeper.renew();
    expect(verifier.verify({ token: secret })).toMatchObject({ code: 'OK' });
    follower.onEvents(recorded([happened('ClockMoved', { now: '2026-02-01T00:00:00.000Z', offsetMs: 1 }, null)], head));
    expect(verifier.verify({ token: secret })).toMatchObject({ code: 'TOKEN_INVALID', reason: 'expired' });
  });
});

describe('an acknowledgement', () => {
  it('leaves only after the events are applied', () => {
    const { follower, world } = verifierWith();
    follower.onEvents(revoked);
    expect(world.acknowledged).toEqual([{ logId: 'log-1', incarnation: 'aa', applied: head + 1, holds: false }]);
  });

  it('does not leave when an event cannot be applied', () => {
    const { follower, world } = verifierWith();
    expect(() => follower.onEvents(recorded([tokenCreated(secretOf(2))], head + 7))).toThrow(/before those between/);
    expect(world.acknowledged).toEqual([]);
  });
});

describe('a verification that names a position', () => {
  it('waits for it', async () => {
    const { keeper, verifier, follower } = verifierWith();
    await keeper.renew();
    const answer = verifier.verify({ token: secret, atLeast: head + 1 });
    follower.onEvents(revoked);
    expect(await answer).toMatchObject({ code: 'TOKEN_INVALID', reason: 'revoked', position: head + 1 });
  });

  it('is undecidable when it does not come', async () => {
    const { keeper, verifier } = verifierWith();
    await keeper.renew();
    const startedAt = performance.now();
    expect(await verifier.verify({ token: secret, atLeast: head + 1 })).toMatchObject({
      code: 'UNDECIDABLE',
      reason: 'behind',
    });
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
  });

  it('answers at once when it is there', async () => {
    const { keeper, verifier } = verifierWith();
    await keeper.renew();
    expect(verifier.verify({ token: secret, atLeast: head })).toMatchObject({ code: 'OK' });
  });
});

describe('a strict verification', () => {
  const primary =
    (at: number, changes: Partial<PrimaryHead> = {}) =>
    async () => ({
      logId: 'log-1',
      head: at,
      authorityTimeMs: start,
      ...changes,
    });

  it('needs no lease', async () => {
    const { verifier } = verifierWith(primary(head));
    expect(await verifier.verify({ token: secret, strict: true })).toMatchObject({ code: 'OK', leaseRemainingMs: 0 });
  });

  it('waits until the replica has applied what the primary has', async () => {
    const { verifier, follower, world } = verifierWith(primary(head + 1));
    const answer = verifier.verify({ token: secret, strict: true });
    await turn();
    expect(world.heads).toEqual([head + 1]);
    follower.onEvents(revoked);
    expect(await answer).toMatchObject({ code: 'TOKEN_INVALID', reason: 'revoked' });
  });

  it('compares expiries with the time of the primary', async () => {
    const { verifier } = verifierWith(primary(head, { authorityTimeMs: Date.parse('2026-02-01T00:00:00.000Z') }));
    expect(await verifier.verify({ token: secret, strict: true })).toMatchObject({ reason: 'expired' });
  });

  it('is undecidable when the primary cannot be reached, lease or not', async () => {
    const { verifier, keeper } = verifierWith();
    await keeper.renew();
    expect(await verifier.verify({ token: secret, strict: true })).toMatchObject({
      code: 'UNDECIDABLE',
      reason: 'behind',
    });
  });

  it('is undecidable when the primary has another log', async () => {
    const { verifier } = verifierWith(primary(0, { logId: 'log-2' }));
    expect(await verifier.verify({ token: secret, strict: true })).toMatchObject({ code: 'UNDECIDABLE' });
  });

  it('is undecidable when the replica went over to another log meanwhile', async () => {
    const { verifier, follower } = verifierWith(primary(head + 1));
    const answer = verifier.verify({ token: secret, strict: true });
    await turn();
    const other = new Replica('log-2');
    follower.follow(other, null);
    follower.onEvents(recorded([...history, happened('PlanChanged', { plan: 'pro', previous: 'core' })]));
    expect(await answer).toMatchObject({ code: 'UNDECIDABLE' });
  });
});

describe('a batch', () => {
  it('decides each in its place and marks the undecidable ones', async () => {
    const { keeper, verifier } = verifierWith();
    await keeper.renew();
    const decisions = await verifier.verifyAll([{ token: secret }, {}, { token: secret, strict: true }]);
    expect(decisions.map(({ code }) => code)).toEqual(['OK', 'TOKEN_MISSING', 'UNDECIDABLE']);
    expect(new Set(decisions.map(({ decisionId }) => decisionId)).size).toBe(3);
  });

  it('reads the primary once for all that are strict', async () => {
    let reads = 0;
    const { verifier } = verifierWith(async () => ({ logId: 'log-1', head, authorityTimeMs: start + reads++ }));
    await verifier.verifyAll([{ strict: true }, { strict: true }]);
    expect(reads).toBe(1);
  });

  it('is refused as a whole when one of them is wrong, which is named', async () => {
    const { keeper, verifier } = verifierWith();
    await keeper.renew();
    await expect(verifier.verifyAll([{ token: secret }, { resource: 'agents' }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      errors: [{ path: 'requests[1].resource' }],
    });
  });
});
