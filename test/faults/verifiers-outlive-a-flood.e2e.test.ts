import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';

const floodCount = 800;

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
    let done = false;
    const flood = Promise.all(
      Array.from({ length: floodCount }, (_, index) =>
        acme.owner('POST', acme.at('/spaces'), { name: `Space ${index}` }),
      ),
    ).finally(() => (done = true));
    const undecided: unknown[] = [];
    let decided = 0;
    while (!done) {
      const answer = await callers.verifier('POST', '/v1/verify', { token: secret });
      if (answer.status === 200 && answer.body.valid) decided += 1;
      else undecided.push(answer.body);
    }
    expect(undecided).toEqual([]);
    expect(decided).toBeGreaterThan(10);
    // The control plane itself may give up on some, but says so.
    const statuses = new Set((await flood).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);
  });
});
