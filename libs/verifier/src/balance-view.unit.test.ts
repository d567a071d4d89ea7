import { describe, expect, it } from '@jest/globals';
import { BalanceView } from './balance-view.ts';

const has = (orgId: string, availableMicros: string) => ({ orgId, availableMicros });

describe('what organizations can spend', () => {
  it('is unknown at first, so nothing is lacking', () => {
    expect(new BalanceView().lacks('org_1', '99999999999999999999')).toBe(false);
  });

  it('is what was said last', () => {
    const view = new BalanceView();
    view.update({ balances: [has('org_1', '9')], all: null });
    view.update({ balances: [has('org_1', '5')], all: null });
    expect([view.lacks('org_1', '5'), view.lacks('org_1', '6'), view.lacks('org_2', '6')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('is nothing for whoever is missing where all were named', () => {
    const view = new BalanceView();
    view.update({ balances: [has('org_1', '9')], all: { part: 0, last: false } });
    expect(view.lacks('org_3', '1')).toBe(false);
    view.update({ balances: [has('org_2', '9')], all: { part: 1, last: true } });
    expect([view.lacks('org_3', '1'), view.lacks('org_3', '0'), view.lacks('org_2', '9')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['begins in the middle', [1]],
    ['misses a part', [0, 2]],
  ])('stays unknown for whoever is missing when it %s', (_, parts) => {
    const view = new BalanceView();
    for (const part of parts) view.update({ balances: [], all: { part, last: part === parts.at(-1) } });
    expect(view.lacks('org_3', '1')).toBe(false);
  });

  it('grows with a payment before billing-meter speaks of it', () => {
    const view = new BalanceView();
    view.update({ balances: [has('org_1', '5')], all: { part: 0, last: true } });
    view.toppedUp('org_1', '10');
    view.toppedUp('org_2', '10');
    expect([view.lacks('org_1', '15'), view.lacks('org_1', '16')]).toEqual([false, true]);
    expect([view.lacks('org_2', '10'), view.lacks('org_2', '11')]).toEqual([false, true]);
  });

  it('stays unknown by a payment alone: what was paid before is not known', () => {
    const view = new BalanceView();
    view.toppedUp('org_1', '10');
    expect(view.lacks('org_1', '11')).toBe(false);
  });
});
