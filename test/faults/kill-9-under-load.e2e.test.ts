import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, type Organization } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { type Load, startLoad } from '../support/load.ts';
import { expectAcknowledgedInLog, expectRebuildsIdentical, expectSecretsDecided } from '../support/promises.ts';

const services = ['token-command', 'auth-verifier', 'billing-meter', 'audit-projector', 'api-gateway'] as const;

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let load: Load;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  load = startLoad(acme, 100);
}, 60_000);
afterAll(async () => {
  await load?.stop();
  await stack?.stop();
});

/** Returns once so many more commands have been acknowledged. */
async function moreAcknowledged(count: number): Promise<void> {
  const enough = load.acknowledged.length + count;
  await eventually(() => expect(load.acknowledged.length).toBeGreaterThanOrEqual(enough), 30_000);
}

describe('each service in turn is killed with SIGKILL under 100 commands a second', () => {
  it.each(services)('%s', async (name) => {
    await moreAcknowledged(50);
    const refusedBefore = new Map(load.refusals);
    const service = stack.service(name);
    const { pid } = service;
    await service.kill('SIGKILL');
    await eventually(() => expect(service.pid ?? pid).not.toBe(pid), 15_000);
    await service.ready();
    await moreAcknowledged(50);
    const refusals = [...load.refusals].filter(([what, count]) => count > (refusedBefore.get(what) ?? 0));
    // While the gateway itself is down there is nobody to answer.
    const allowed = name === 'api-gateway' ? ['503 SERVICE_UNAVAILABLE', 'no answer'] : ['503 SERVICE_UNAVAILABLE'];
    expect(refusals.map(([what]) => what).filter((what) => !allowed.includes(what))).toEqual([]);
  });

  it('nothing that was acknowledged is missing: events, positions, secrets', async () => {
    await load.stop();
    expect(load.acknowledged.length).toBeGreaterThan(500);
    await expectAcknowledgedInLog(stack, load);
    await expectSecretsDecided(callers, load.tokens);
  });

  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
