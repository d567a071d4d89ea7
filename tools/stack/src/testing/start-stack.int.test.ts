import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAlive } from '../processes.ts';
import { fakeServices } from './fake-services.ts';
import { startStack, type TestStack } from './start-stack.ts';

describe('startStack', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack({ services: fakeServices, env: { TOLLGATE_OIDC_AUDIENCE: 'tests' } });
  });
  afterAll(() => stack.stop());

  const pidAt = async (url: string): Promise<number> => ((await (await fetch(url)).json()) as { pid: number }).pid;

  it('serves the control plane and the data plane', async () => {
    expect(await pidAt(stack.url)).toBe(stack.service('api-gateway').pid);
    expect(await pidAt(stack.verifierUrl)).toBe(stack.service('auth-verifier').pid);
    expect(stack.state.audience).toBe('tests');
  });

  it('starts a killed service again, and leaves a stopped one down until it is started', async () => {
    const billing = stack.service('billing-meter');
    const first = billing.pid as number;
    await billing.kill();
    await billing.ready();
    expect(billing.pid).not.toBe(first);
    await billing.stop();
    expect(billing.pid).toBeUndefined();
    await expect(fetch(billing.url)).rejects.toThrow();
    await billing.start();
    await billing.ready();
    expect(await pidAt(billing.url)).toBe(billing.pid);
  });

  it('runs more processes of a service, which end with the stack', async () => {
    const another = await stack.spawn('auth-verifier', { EXTRA: '1' });
    expect(another.url).not.toBe(stack.verifierUrl);
    expect(await pidAt(another.url)).toBe(another.pid);
    const whole = await startStack({ services: fakeServices });
    const more = (await whole.spawn('auth-verifier')).pid as number;
    await whole.stop();
    expect(isAlive(more)).toBe(false);
  });

  it('pauses and resumes the servers', async () => {
    stack.nats.pause();
    stack.postgres.pause();
    stack.nats.resume();
    stack.postgres.resume();
    await stack.nats.stop();
    expect(stack.nats.pid).toBeUndefined();
    await stack.nats.start();
    expect(stack.nats.pid).toBeGreaterThan(0);
  });
});
