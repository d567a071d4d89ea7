import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceName } from '@tollgate/contracts';
import { type ProcessHandle, startStack, type TestStack } from '@tollgate/stack';
import {
  type Answer,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { readLog } from '../support/log.ts';
import { killForGood, timed } from '../support/outages.ts';
import { expectHttpProblem } from '../support/problems.ts';

/** L + M: by then no lease runs any more. */
const leaseEndedMs = 2_250;
/** How soon everything works again by itself once the server is back. */
const backWithinMs = 5_000;

const services = ['api-gateway', 'token-command', 'auth-verifier', 'billing-meter', 'audit-projector'] as const;

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let live: { secret: string; token: { id: string } };
let revoked: { secret: string; token: { id: string } };

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  live = await makeToken(acme);
  revoked = await makeToken(acme);
  must(200, await acme.owner('POST', acme.at(`/tokens/${revoked.token.id}/revoke`)));
}, 60_000);
afterAll(() => stack?.stop());

/** Each outage begins when all is well, whatever became of the one before. */
beforeEach(() => eventually(expectReady, 20_000));

const verify = (token: string, wishes: object = {}) => callers.verifier('POST', '/v1/verify', { token, ...wishes });
const readyz = (service: ServiceName) => request(`${stack.service(service).url}/readyz`, 'GET');
const pids = () => services.map((name) => stack.service(name).pid);

async function expectReady(): Promise<void> {
  for (const name of services) must(200, await readyz(name));
}

function expectUnavailable(answer: Answer): void {
  expectHttpProblem(answer, { status: 503, code: 'SERVICE_UNAVAILABLE' });
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
}

function expectUndecidable(answer: Answer): void {
  expectHttpProblem(answer, { status: 503, code: 'UNDECIDABLE' });
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
}

/** Every command and every read of the control plane, while a server that all of them need is away. */
async function expectControlPlaneDown(withinMs: number): Promise<void> {
  const { owner, at } = acme;
  const calls: [string, string, object?][] = [
    [
      'POST',
      '/tokens',
      { name: 'x', accountId: acme.service.id, scope: { type: 'multi-space' }, acknowledgeBilling: true },
    ],
    ['PATCH', `/tokens/${live.token.id}`, { name: 'Renamed meanwhile' }],
    ['POST', `/tokens/${live.token.id}/revoke`],
    ['POST', '/spaces', { name: 'x' }],
    ['GET', '/tokens'],
    ['GET', `/tokens/${live.token.id}`],
    ['GET', '/billing/seats'],
    ['GET', '/audit'],
  ];
  const answers = await Promise.all(calls.map(([method, path, body]) => timed(() => owner(method, at(path), body))));
  for (const { result, tookMs } of answers) {
    expectUnavailable(result);
    expect(tookMs).toBeLessThan(withinMs);
  }
}

/**
 * What the verifier says of a live and of a revoked token from now until no lease runs: the truth from memory at first,
 * then that it cannot decide. Never that the live one is invalid, nor that the revoked one holds.
 */
async function expectVerifierFailsClosed(): Promise<void> {
  const startedMs = performance.now();
  const counts = { fromMemory: 0, undecidable: 0 };
  while (performance.now() - startedMs < leaseEndedMs + 250) {
    const askedMs = performance.now() - startedMs;
    const [ofLive, ofRevoked] = await Promise.all([verify(live.secret), verify(revoked.secret)]);
    if (ofLive.status === 200) expect(ofLive.body).toMatchObject({ valid: true, code: 'OK' });
    else expectUndecidable(ofLive);
    if (ofRevoked.status === 200) expect(ofRevoked.body).toMatchObject({ valid: false, reason: 'revoked' });
    else expectUndecidable(ofRevoked);
    if (askedMs > leaseEndedMs) expect(ofLive.status).toBe(503);
    counts[ofLive.status === 200 ? 'fromMemory' : 'undecidable'] += 1;
  }
  expect(counts.fromMemory).toBeGreaterThan(5);
  expect(counts.undecidable).toBeGreaterThan(0);
  expectUndecidable(await verify(live.secret, { strict: true }));
  expectUndecidable(await verify('no token at all'));
}

/** Commands, reads, verifications and readiness, within `backWithinMs` of the server's return. */
async function expectEverythingBack(): Promise<void> {
  const startedMs = performance.now();
  const left = () => Math.max(0, backWithinMs - (performance.now() - startedMs));
  const { token, secret, position } = await eventually(() => makeToken(acme), left());
  await eventually(async () => {
    const decision = must(200, await verify(secret, { atLeast: position }));
    expect(decision).toMatchObject({ valid: true, tokenId: token.id });
  }, left());
  await eventually(async () => {
    for (const path of ['/tokens', '/billing/seats', '/audit'])
      must(200, await acme.owner('GET', acme.at(`${path}?atLeast=${position}`)));
  }, left());
  await eventually(expectReady, left());
  const { barrier } = must(200, await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`)));
  expect(barrier).toMatchObject({ verifiers: 1 });
  expect(must(200, await verify(secret))).toMatchObject({ valid: false, reason: 'revoked' });
  expect(must(200, await verify(live.secret))).toMatchObject({ valid: true });
  // After a new start of Postgres, which might be a restore, the first ones wait for the whole lease.
  await eventually(async () => {
    const more = await makeToken(acme);
    const answer = must(200, await acme.owner('POST', acme.at(`/tokens/${more.token.id}/revoke`)));
    expect(answer.barrier).toMatchObject({ verifiers: 1, mode: 'acknowledged' });
  }, 10_000);
}

const ways: [string, (server: ProcessHandle) => Promise<void>][] = [
  ['stopped', (server) => server.stop()],
  ['killed with SIGKILL', killForGood],
];

describe.each(ways)('Postgres %s', (_, end) => {
  it('503 everywhere, never a wrong decision; and all is well within 5 s of its return, without a restart', async () => {
    const before = pids();
    await end(stack.postgres);
    try {
      await Promise.all([expectControlPlaneDown(5_000), expectVerifierFailsClosed()]);
      for (const name of [
        'api-gateway',
        'token-command',
        'auth-verifier',
        'billing-meter',
        'audit-projector',
      ] as const) {
        const { reasons } = must(503, await readyz(name));
        expect(reasons).not.toEqual([]);
      }
    } finally {
      await stack.postgres.start();
    }
    await expectEverythingBack();
    expect(pids()).toEqual(before);
  });
});

describe.each(ways)('NATS %s', (_, end) => {
  it('503 at once, never a wrong decision; and all is well within 5 s of its return, without a restart', async () => {
    const before = pids();
    await end(stack.nats);
    try {
      await Promise.all([expectControlPlaneDown(1_500), expectVerifierFailsClosed()]);
      for (const name of services) {
        const { reasons } = must(503, await readyz(name));
        expect(reasons.join()).toMatch(/bus/);
      }
    } finally {
      await stack.nats.start();
    }
    await expectEverythingBack();
    expect(pids()).toEqual(before);
  });
});

describe('commands under way when a server is killed', () => {
  const count = 120;
  it.each([
    ['Postgres', () => stack.postgres],
    ['NATS', () => stack.nats],
  ])('%s: they are told so at once, and a retry with the same key does each once', async (name, server) => {
    const create = (index: number) =>
      acme.owner('POST', acme.at('/spaces'), { name: `${name} ${index}` }, { 'idempotency-key': `${name}-${index}` });
    const underWay = Array.from({ length: count }, (_, index) => timed(() => create(index)));
    await Promise.race(underWay);
    await killForGood(server());
    const firsts = await Promise.all(underWay);
    for (const { result, tookMs } of firsts) {
      if (result.status !== 201) expectUnavailable(result);
      expect(tookMs).toBeLessThan(5_000);
    }
    expect(firsts.filter(({ result }) => result.status === 201)).not.toEqual([]);

    await server().start();
    const again = await eventually(async () => {
      const answers = await Promise.all(firsts.map((_, index) => create(index)));
      return answers.map((answer) => must(201, answer));
    }, backWithinMs);
    for (const [index, { result }] of firsts.entries())
      if (result.status === 201) expect(again[index]).toEqual(result.body);
    const made = (await readLog(stack))
      .filter(({ type }) => type === 'SpaceCreated')
      .map(({ data }) => `${data['name']}`);
    const wanted = firsts.map((_, index) => `${name} ${index}`);
    expect(made.filter((each) => each.startsWith(`${name} `)).toSorted()).toEqual(wanted.toSorted());
  });
});
