import { describe, expect, it } from '@jest/globals';
import { RequestHash } from './request-hash.ts';

const hashes = new RequestHash('a master key of enough characters');

describe('the hash of a request', () => {
  it('is the same for the same input, however its fields are ordered', () =>
    expect(hashes.of({ name: 'Ada', kind: 'member' })).toBe(hashes.of({ kind: 'member', name: 'Ada' })));
  it('differs for another input', () => expect(hashes.of({ name: 'Ada' })).not.toBe(hashes.of({ name: 'Bob' })));
  it('says nothing to who has another key', () =>
    expect(new RequestHash('another master key, as long as it').of({ name: 'Ada' })).not.toBe(
      hashes.of({ name: 'Ada' }),
    ));
});
