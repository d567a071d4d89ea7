import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startNats, type TestNats } from '@tollgate/stack';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus, type Bus } from './bus.ts';
import { echo, fail, serve, slowBegins, type TestService } from './testing/test-service.ts';

/** Idle, it takes 0.3 s; a busy machine takes longer. */
const returnMs = 5000;

let nats: TestNats;
let serving: Bus;
let calling: Bus;
let service: TestService;

beforeEach(async () => {
  nats = await startNats();
  serving = await connectBus({
    service: 'token-command',
    url: nats.url,
    credsFile: await nats.credsFor('a', 'everything'),
  });
  calling = await connectBus({
    service: 'api-gateway',
    url: nats.url,
    credsFile: await nats.credsFor('b', 'everything'),
  });
  const nobody = {
    verify: () => Promise.reject(new Error('not asked')),
    resolve: () => Promise.reject(new Error('not asked')),
  };
  service = await serve(serving, nobody, nobody);
});

afterEach(async () => {
  // A test that failed may have left it paused, and then nothing below would end.
  nats.resume();
  await service.close();
  await Promise.all([serving.close(), calling.close()]);
  await nats.stop();
});

async function untilAnswered(withinMs: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const answered = await calling.call(echo, {}, { timeoutMs: 1000 }).then(
      () => true,
      () => false,
    );
    const elapsedMs = performance.now() - startedMs;
    if (answered) return elapsedMs;
    if (elapsedMs > withinMs) throw new Error(`no answer within ${withinMs} ms`);
    await sleep(20);
  }
}

it('fails calls at once while NATS is gone, and works again soon after its return', async () => {
  await calling.call(echo, {});
  const begun = slowBegins();
  const underWay = calling.call(fail, { how: 'slow' }).catch((error: unknown) => error);
  await begun;
  const killedMs = performance.now();
  await nats.kill();
  expect(await underWay).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  // Far below the timeout of 5 s, into which it would run otherwise.
  expect(performance.now() - killedMs).toBeLessThan(2500);

  const calledMs = performance.now();
  await expect(calling.call(echo, {})).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(performance.now() - calledMs).toBeLessThan(1000);
  expect(calling.problem()).toBe('NATS cannot be reached');
  expect(() => calling.publish('tollgate.test', {})).toThrow('The bus cannot be reached');

  await nats.restart();
  await untilAnswered(returnMs);
  expect(calling.problem()).toBeNull();
});

it('notices a NATS server that no longer answers', async () => {
  nats.pause();
  const startedMs = performance.now();
  while (calling.connected && performance.now() - startedMs < 10_000) await sleep(50);
  expect(calling.connected).toBe(false);
  nats.resume();
  await untilAnswered(returnMs);
});

it('comes back although the wall clock was put back by an hour while it was away', async () => {
  const wallMs = Date.now;
  try {
    Date.now = () => wallMs() + 3_600_000;
    await nats.kill();
    // Until it has tried in vain at the wrong time.
    while (calling.connected) await sleep(20);
    await sleep(600);
  } finally {
    Date.now = wallMs;
  }
  await nats.restart();
  await untilAnswered(returnMs);
});

it('waits for a NATS server that is not there yet', async () => {
  const creds = await nats.credsFor('late', 'everything');
  await nats.kill();
  const connecting = connectBus({ service: 'billing-meter', url: nats.url, credsFile: creds });
  expect(await Promise.race([connecting, sleep(600, 'waiting')])).toBe('waiting');
  await nats.restart();
  const late = await connecting;
  await untilAnswered(returnMs);
  await expect(late.call(echo, { text: 'at last' })).resolves.toMatchObject({ text: 'at last' });
  await late.close();
});

it('finishes requests in flight when it stops serving, and takes no more', async () => {
  const begun = slowBegins();
  const underWay = calling.call(fail, { how: 'slow' });
  await begun;
  const closing = service.strategy.close();
  // When this is answered, the server has heard of the end of the subscriptions, which was sent before it.
  await serving.nc.flush();
  await expect(calling.call(echo, {})).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(underWay).resolves.toBe('done');
  await closing;
});
