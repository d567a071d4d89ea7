import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor } from './cursor.ts';

const org = 'org_01jd0000000000000000000000';
const other = 'org_01jd0000000000000000000001';
const refused = expect.objectContaining({ code: 'INVALID_CURSOR' });

describe('a cursor', () => {
  it('gives back the sort key it was made of', () => {
    expect(decodeCursor('audit.list', org, encodeCursor('audit.list', org, [42]), ['number'])).toEqual([42]);
    const names = encodeCursor('accounts.list', org, ['Zoë', 'acc_1']);
    expect(decodeCursor('accounts.list', org, names, ['string', 'string'])).toEqual(['Zoë', 'acc_1']);
  });

  it('is refused by another list and by another organization', () => {
    const cursor = encodeCursor('audit.list', org, [42]);
    expect(() => decodeCursor('billing.seats', org, cursor, ['number'])).toThrow(refused);
    expect(() => decodeCursor('audit.list', other, cursor, ['number'])).toThrow(refused);
  });

  it('is refused when any one character is changed, added or missing', () => {
    const cursor = encodeCursor('audit.list', org, [42]);
    for (let index = 0; index < cursor.length; index++) {
      const changed = cursor[index] === 'A' ? 'B' : 'A';
      const edited = cursor.slice(0, index) + changed + cursor.slice(index + 1);
      expect(() => decodeCursor('audit.list', org, edited, ['number'])).toThrow(refused);
      expect(() => decodeCursor('audit.list', org, cursor.slice(0, index), ['number'])).toThrow(refused);
    }
    expect(() => decodeCursor('audit.list', org, `${cursor}=`, ['number'])).toThrow(refused);
    expect(() => decodeCursor('audit.list', org, ` ${cursor}`, ['number'])).toThrow(refused);
  });

  it('is refused when its key has another shape', () => {
    expect(() => decodeCursor('audit.list', org, encodeCursor('audit.list', org, ['42']), ['number'])).toThrow(refused);
    expect(() => decodeCursor('audit.list', org, encodeCursor('audit.list', org, [1, 2]), ['number'])).toThrow(refused);
  });

  it.each([
    ['number', 1.5],
    ['number', 1e300],
    ['string', 'a\0'],
    ['string', '\ud800'],
    ['instant', 'soon'],
    ['instant', '2026-02-30T00:00:00.000Z'],
    ['instant', '+010000-01-01T00:00:00.000Z'],
  ] as const)('is refused when a %s of its key is made up: %j', (kind, part) => {
    expect(() => decodeCursor('audit.list', org, encodeCursor('audit.list', org, [part]), [kind])).toThrow(refused);
  });

  it.each(['', 'nonsense', '%%%', 'bnVsbA', 'NzcwNzRiYTRudWxs'])('is refused when it is %j', (text) => {
    expect(() => decodeCursor('audit.list', org, text, ['number'])).toThrow(refused);
  });
});
