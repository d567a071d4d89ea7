import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecordTable } from './record-table.ts';

/** Few different words, so that keys share beginnings. */
const key = fc.array(fc.constantFrom(0, 1, -1, 77), { minLength: 8, maxLength: 8 });
const step = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), key }),
  fc.record({ do: fc.constant('find' as const), key }),
  fc.record({ do: fc.constant('set' as const), key, value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
);

describe('a table of records', () => {
  it('answers like a Map, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new RecordTable({ keyWords: 8, words: 10 });
        const model = new Map<string, { row: number; value: number }>();
        for (const step of steps) {
          const words = Int32Array.from(step.key);
          const known = model.get(step.key.join());
          expect(table.find(words)).toBe(known?.row ?? 0);
          if (step.do === 'insert' && !known) {
            const row = table.insert(words);
            expect([table.get(row, 8), table.get(row, 9)]).toEqual([0, 0]);
            model.set(step.key.join(), { row, value: 0 });
          } else if (step.do === 'set' && known) {
            table.set(known.row, 9, step.value);
            known.value = step.value;
          }
        }
        expect(table.size).toBe(model.size);
        for (const [text, { row, value }] of model) {
          expect([...table.key(row, new Int32Array(8))].join()).toBe(text);
          expect(table.get(row, 9)).toBe(value);
        }
      }),
    );
  });

  it('keeps every row while it grows', () => {
    const table = new RecordTable({ keyWords: 2, words: 3 });
    // So many that some of them share all 32 bits of their hash.
    const count = 400_000;
    for (let n = 1; n <= count; n++) table.set(table.insert(Int32Array.of(n, -n)), 2, 3 * n);
    expect(table.size).toBe(count);
    for (let n = 1; n <= count; n++) {
      const row = table.findOrDecoy(Int32Array.of(n, -n));
      if (row < 1 || table.get(row, 2) !== 3 * n) throw new Error(`${n} is lost`);
    }
    expect(table.find(Int32Array.of(count + 1, -count - 1))).toBe(0);
  });

  it('hands out a row for a key that it does not have, and says so', () => {
    const table = new RecordTable({ keyWords: 2, words: 2 });
    expect(table.findOrDecoy(Int32Array.of(1, 1))).toBe(0);
    for (let n = 1; n <= 1000; n++) table.insert(Int32Array.of(n, n));
    const decoys = new Set<number>();
    for (let n = 1; n <= 2000; n++) {
      const words = Int32Array.of(n, n);
      const row = table.findOrDecoy(words);
      expect(Math.abs(row) >= 1 && Math.abs(row) <= 1000).toBe(true);
      expect(row > 0).toBe(n <= 1000);
      if (n > 1000) decoys.add(row);
    }
    // A decoy that was always the same one would be warm in the cache.
    expect(decoys.size).toBeGreaterThan(300);
  });
});
