import { describe, expect, it, jest } from '@jest/globals';
import { subjects } from '@tollgate/contracts';
import { InMemoryEventLog } from '@tollgate/event-log';
import { LeaseWatch } from './lease-watch.ts';
import type { Lease, LeaseMark, Leases, Signals } from './ports.ts';
import { RevocationBarrier } from './revocation-barrier.ts';

const terms = { leaseMs: 60, marginMs: 20 };
const lease = (incarnation: string, renewal = 1): Lease => ({ incarnation, verifier: 'auth-verifier', renewal });

/** A barrier on leases in memory, and the wire between it and its verifiers. */
async function barrierWith(held: readonly Lease[] | Error, { readTakesMs = 0, intact = true } = {}) {
  const source = new InMemoryEventLog();
  const logId = await source.logId();
  const listeners = new Map<string, (body: unknown) => void>();
  const published: { subject: string; body: unknown }[] = [];
  const forgotten: Lease[] = [];
  let forgottenAtMs = 0;
  const mark: LeaseMark = { intact, state: 'as found' };
  const leases: Leases = {
    renew: () => Promise.resolve(),
    giveBack: () => Promise.resolve(true),
    all: async () => {
      if (readTakesMs > 0) await new Promise((resolve) => setTimeout(resolve, readTakesMs));
      if (held instanceof Error) throw held;
      return { leases: held, mark };
    },
    mark: () => Promise.resolve(mark),
    vouch: () => Promise.resolve(),
    forget: (expired) => {
      forgotten.push(...expired);
      forgottenAtMs = performance.now();
      return Promise.resolve();
    },
  };
  const signals: Signals = {
    publish: (subject, body) => void published.push({ subject, body }),
    subscribe: (subject, onMessage) => {
      listeners.set(subject, onMessage);
      return () => listeners.delete(subject);
    },
  };
  const barrier = new RevocationBarrier(leases, signals, source, terms, new LeaseWatch(leases, terms));
  await barrier.start();
  const acknowledge = (incarnation: string, applied: number, ofLog = logId) =>
    listeners.get(subjects.barrierAck)?.({ logId: ofLog, incarnation, applied });
  return { barrier, acknowledge, published, forgotten, forgottenAtMs: () => forgottenAtMs, logId };
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await soon();
}
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the revocation barrier', () => {
  it('returns at once when nobody holds a lease', async () => {
    const { barrier } = await barrierWith([]);
    expect(await barrier.run(7)).toMatchObject({ verifiers: 0, mode: 'acknowledged' });
  });

  it('returns when every leaseholder has applied the position, and tells them to', async () => {
    const { barrier, acknowledge, published, logId, forgotten } = await barrierWith([lease('a'), lease('b')]);
    let returned = false;
    const run = barrier.run(7).finally(() => (returned = true));
    await eventually(() => published.length > 0);
    expect(published[0]).toEqual({ subject: subjects.barrierWake, body: { logId, position: 7 } });
    acknowledge('a', 9);
    await soon();
    expect(returned).toBe(false);
    acknowledge('b', 7);
    expect(await run).toMatchObject({ verifiers: 2, mode: 'acknowledged' });
    expect(forgotten).toEqual([]);
  });

  it('wakes nobody while the acknowledgements come by themselves', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate'] });
    try {
      const { barrier, acknowledge, published } = await barrierWith([lease('a'), lease('b')]);
      const run = barrier.run(7);
      // The leases are read by then, and no timer has fired.
      await new Promise(setImmediate);
      for (const incarnation of ['a', 'b']) acknowledge(incarnation, 7);
      expect(await run).toMatchObject({ mode: 'acknowledged' });
      expect(published).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('remembers what was acknowledged before', async () => {
    const { barrier, acknowledge } = await barrierWith([lease('a')]);
    acknowledge('a', 8);
    expect(await barrier.run(8)).toMatchObject({ mode: 'acknowledged' });
  });

  it.each([
    ['an earlier position', 'a', 6, undefined],
    ['another incarnation', 'b', 7, undefined],
    ['another log', 'a', 7, 'another-log'],
  ])('takes no acknowledgement of %s', async (_, incarnation, applied, ofLog) => {
    const { barrier, acknowledge } = await barrierWith([lease('a')]);
    acknowledge(incarnation, applied, ofLog);
    expect(await barrier.run(7)).toMatchObject({ mode: 'lease-expired' });
  });

  it('waits no longer than L + M, never less, and forgets the leases that ran out', async () => {
    const { barrier, forgotten } = await barrierWith([lease('a', 3)]);
    const startedMs = performance.now();
    expect(await barrier.run(7)).toMatchObject({ verifiers: 1, mode: 'lease-expired' });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(terms.leaseMs + terms.marginMs);
    await eventually(() => forgotten.length > 0);
    expect(forgotten).toEqual([lease('a', 3)]);
  });

  it('keeps the rows of leases that a slow read showed until these, too, have ended', async () => {
    const readMs = 50;
    const { barrier, forgotten, forgottenAtMs } = await barrierWith([lease('a')], { readTakesMs: readMs });
    const startedMs = performance.now();
    await barrier.run(7);
    // Granted just before it was read, a lease ends this late; a later change still has to find it until then.
    await eventually(() => forgotten.length > 0);
    expect(forgottenAtMs() - startedMs).toBeGreaterThanOrEqual(readMs + terms.leaseMs + terms.marginMs - 1);
  });

  it('waits for the whole lease while lease rows may have been lost, whoever acknowledges', async () => {
    const { barrier, acknowledge } = await barrierWith([lease('a')], { intact: false });
    const startedMs = performance.now();
    acknowledge('a', 7);
    expect(await barrier.run(7)).toMatchObject({ verifiers: 1, mode: 'lease-expired' });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(terms.leaseMs + terms.marginMs);
  });

  it('waits for the whole lease when it cannot know who holds one', async () => {
    const { barrier } = await barrierWith(new Error('Postgres is away'));
    const startedMs = performance.now();
    expect(await barrier.run(7)).toMatchObject({ mode: 'lease-expired' });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(terms.leaseMs + terms.marginMs);
  });
});
