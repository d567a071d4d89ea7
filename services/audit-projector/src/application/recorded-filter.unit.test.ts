import { describe, expect, it } from '@jest/globals';
import { recordedFilter } from './recorded-filter.ts';

describe('the filter of an export, as it is recorded', () => {
  it('has what cannot be about a person, and ids', () => {
    const given = {
      namespace: 'API Tokens',
      outcome: 'refused',
      from: '2026-01-01T00:00:00.000Z',
      actor: 'acc_01jd0000000000000000000000',
      target: undefined,
    };
    const { target: _, ...kept } = given;
    expect(recordedFilter(given)).toEqual({ ...kept, others: [] });
  });

  it('says of free text only that there was some', () => {
    const given = { action: 'token.', actor: 'ada@example.com', target: 'Ada Lovelace', q: 'lovelace' };
    expect(recordedFilter(given)).toEqual({ others: ['action', 'actor', 'target', 'q'] });
  });
});
