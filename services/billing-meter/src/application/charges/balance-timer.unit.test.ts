import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { TollgateError } from '@tollgate/contracts';
import { BalanceTimer } from './balance-timer.ts';

/** The organizations whose balances the first pass asks for, when that of the first one fails. */
async function askedWhen(failure: Error): Promise<string[]> {
  const asked: string[] = [];
  const books = {
    settle: async (orgId: string) => {
      asked.push(orgId);
      if (orgId === 'org_1') throw failure;
    },
  };
  const store = { stirred: async () => ({ orgIds: ['org_1'], position: 7 }), due: async () => ['org_2'] };
  const parts = [books, store, { read: async () => ({ clockOffsetMs: 0 }) }, { lead: async () => true }];
  const timer = new BalanceTimer(...(parts as unknown as ConstructorParameters<typeof BalanceTimer>));
  timer.start();
  // The pass waits for nothing but its fakes, so it has ended by then; the next one comes much later.
  await new Promise(setImmediate);
  await timer.onApplicationShutdown();
  return asked;
}

describe('the timer of balances', () => {
  it('settles the others when one balance cannot be settled', async () => {
    expect(await askedWhen(new RangeError('a balance is never negative'))).toEqual(['org_1', 'org_2']);
  });

  it('ends the pass when a server cannot be reached', async () => {
    expect(await askedWhen(new TollgateError('SERVICE_UNAVAILABLE', 'The database went away.'))).toEqual(['org_1']);
    expect(await askedWhen(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))).toEqual(['org_1']);
  });
});
