import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';

const sendersCount = 800;
/** More than two leases: one that is not renewed meanwhile ends. */
const floodMs = 5_000;

let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(() => stack?.stop());

describe('a flood of commands', () => {
  it('leaves the verifier its lease: it decides all the while', async () => {
    const { secret, position } = await makeToken(acme);
    must(200, await callers.verifier('POST', '/v1/verify', { token: secret, atLeast: position }));
    const statuses = new Set<number>();
    let ended = false;
    const sender = async (index: number) => {
      while (!ended) statuses.add((await acme.owner('POST', acme.at('/spaces'), { name: `Space ${index}` })).status);
    };
    const flood = Promise.all(Array.from({ length: sendersCount }, (_, index) => sender(index)));
    const answers: unknown[] = [];
    for (const endMs = performance.now() + floodMs; performance.now() < endMs;)
      answers.push((await callers.verifier('POST', '/v1/verify', { token: secret })).body);
    ended = true;
    await flood;
    expect(answers.filter((body) => !(body as { valid?: boolean }).valid)).toEqual([]);
    // The control plane itself may give up on some, but says so.
    expect(statuses).toContain(201);
    expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);
  });
});
