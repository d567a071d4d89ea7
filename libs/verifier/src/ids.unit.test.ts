import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdTable } from './ids.ts';

const crockford = [...'0123456789abcdefghjkmnpqrstvwxyz'];
const minted = fc
  .tuple(
    fc.constantFrom(...crockford.slice(0, 8)),
    fc.array(fc.constantFrom(...crockford), { minLength: 25, maxLength: 25 }),
  )
  .map(([first, rest]) => `tok_${first}${rest.join('')}`);
const others = fc.oneof(
  fc.string(),
  minted.map((id) => id.toUpperCase()),
  minted.map((id) => `${id}0`),
  minted.map((id) => id.slice(0, -1)),
  minted.map((id) => id.replace('tok_', 'acc_')),
  minted.map((id) => `tok_8${id.slice(5)}`),
  minted.map((id) => `${id.slice(0, -1)}é`),
  fc.constantFrom('tok_1', 'tok_', '', `tok_7${'z'.repeat(25)}`, `tok_${'u'.repeat(26)}`),
);

describe('a table of ids', () => {
  it('gives every text a row of its own, and gives the text back', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(minted, others), { maxLength: 50 }), (ids) => {
        const table = new IdTable('tok_', 1);
        const rows = new Map<string, number>();
        for (const id of ids) {
          expect(table.rowOf(id)).toBe(rows.get(id) ?? 0);
          rows.set(id, table.add(id));
        }
        expect(new Set(rows.values()).size).toBe(rows.size);
        for (const [id, row] of rows) {
          expect(table.rowOf(id)).toBe(row);
          expect(table.idOf(row)).toBe(id);
        }
      }),
      { numRuns: 300 },
    );
  });
});
