import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { BalanceReport } from '@tollgate/contracts';
import { until } from '@tollgate/event-log/testing';
import { BalancePublisher } from './balance-publisher.ts';

describe('the publisher of balances', () => {
  it('tells all again soon after it could not', async () => {
    const told: BalanceReport[] = [];
    const bus = {
      connected: true,
      subscribe: () => undefined,
      publish: (_: string, report: BalanceReport) => void told.push(report),
    };
    const failures = [new Error('Connection terminated unexpectedly')];
    const available = async () => {
      const failure = failures.pop();
      if (failure) throw failure;
      return [{ orgId: 'org_1', availableMicros: '5' }];
    };
    const parts = [bus, { lead: async () => true }, { available }];
    const publisher = new BalancePublisher(...(parts as unknown as ConstructorParameters<typeof BalancePublisher>));
    publisher.start();
    // A regular round comes after 30 s only.
    await until('all balances are told', () => told.length > 0, 4_000);
    await publisher.onApplicationShutdown();
    expect(told).toEqual([{ balances: [{ orgId: 'org_1', availableMicros: '5' }], all: { part: 0, last: true } }]);
  });
});
