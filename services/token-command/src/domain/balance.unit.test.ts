import { describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@tollgate/contracts';
import { fold } from './aggregate.ts';
import { balance, setCap, setThreshold, topUp } from './balance.ts';
import { token } from './token.ts';
import { given, recorded } from '../testing/scenario.ts';

const toppedUp = (amountMicros: string, reference: string): NewEvent => ({
  type: 'BalanceToppedUp',
  data: { amountMicros, reference },
});
const invoice = { amountMicros: '5000000', reference: 'invoice 17' };

describe('a top-up', () => {
  it('is booked', () =>
    given(balance)
      .when((state) => topUp(state, invoice))
      .then(toppedUp('5000000', 'invoice 17')));
  it('is booked once under its reference, however the amount is spelt', () =>
    given(balance, toppedUp('5000000', 'invoice 17'))
      .when((state) => topUp(state, { ...invoice, amountMicros: '005000000' }))
      .then());
  it('is refused with another amount under the same reference', () =>
    given(balance, toppedUp('5000000', 'invoice 17'))
      .when((state) => topUp(state, { ...invoice, amountMicros: '5000001' }))
      .refused('REFERENCE_REUSED'));
  it('keeps the place and time of the first booking', () => {
    const { state } = given(balance, toppedUp('1', 'a'), toppedUp('2', 'b')).folded;
    expect(state.topUps.get('a')).toEqual({ amountMicros: '1', at: '2026-01-01T00:00:00.000Z', position: 1 });
  });
});

describe('the threshold', () => {
  const set = (thresholdMicros: string | null, previous: string | null): NewEvent => ({
    type: 'LowBalanceThresholdSet',
    data: { thresholdMicros, previous },
  });
  it('is set, with the one before', () =>
    given(balance, set('10', null))
      .when((state) => setThreshold(state, { thresholdMicros: '20' }))
      .then(set('20', '10')));
  it('is taken away', () =>
    given(balance, set('10', null))
      .when((state) => setThreshold(state, { thresholdMicros: null }))
      .then(set(null, '10')));
  it('that is there already is not set again', () =>
    given(balance, set('10', null))
      .when((state) => setThreshold(state, { thresholdMicros: '010' }))
      .then());
});

describe('a cap', () => {
  const cap = { amountMicros: '50', period: 'P1D' } as const;
  const capSet = (next: object | null, previous: object | null): NewEvent => ({
    type: 'SpendingCapSet',
    data: { tokenId: 'tok_1', cap: next, previous },
  });
  const created: NewEvent = { type: 'TokenCreated', data: { tokenId: 'tok_1' } };
  const ofOrganization = (orgId: string) => fold(token, recorded('token', [created], orgId)).state;
  const command = { orgId: 'org_1', tokenId: 'tok_1', token: ofOrganization('org_1'), cap };

  it('is set', () =>
    given(balance)
      .when((state) => setCap(state, command))
      .then(capSet(cap, null)));
  it('is set once', () =>
    given(balance, capSet(cap, null))
      .when((state) => setCap(state, command))
      .then());
  it('is changed, with the one before', () =>
    given(balance, capSet(cap, null))
      .when((state) => setCap(state, { ...command, cap: { ...cap, period: 'P1M' } }))
      .then(capSet({ ...cap, period: 'P1M' }, cap)));
  it('is taken away', () =>
    given(balance, capSet(cap, null))
      .when((state) => setCap(state, { ...command, cap: null }))
      .then(capSet(null, cap)));
  it('that is not there need not be taken away', () =>
    given(balance, capSet(cap, null), capSet(null, cap))
      .when((state) => setCap(state, { ...command, cap: null }))
      .then());
  it('is for tokens of this organization', () =>
    given(balance)
      .when((state) => setCap(state, { ...command, token: ofOrganization('org_2') }))
      .refused('NOT_FOUND'));
});
