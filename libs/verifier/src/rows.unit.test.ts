import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyedRows } from './rows.ts';

/** Few different words, so that keys share beginnings. */
const key = fc.array(fc.constantFrom(0, 1, -1, 77), { minLength: 8, maxLength: 8 });
const step = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), key }),
  fc.record({ do: fc.constant('find' as const), key }),
  fc.record({ do: fc.constant('set' as const), key, value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
);

describe('rows with a key', () => {
  it('answers like a Map, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new KeyedRows(10);
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
          expect([...table.read(row, 0, new Int32Array(8))].join()).toBe(text);
          expect(table.get(row, 9)).toBe(value);
        }
      }),
    );
  });

  it('keeps every row while it grows', () => {
    const table = new KeyedRows(3);
    // So many that some of them share all 32 bits of their hash.
    const count = 400_000;
    for (let n = 1; n <= count; n++) table.set(table.insert(Int32Array.of(n, -n)), 2, 3 * n);
    expect(table.size).toBe(count);
    for (let n = 1; n <= count; n++) {
      const row = table.find(Int32Array.of(n, -n));
      if (row < 1 || table.get(row, 2) !== 3 * n) throw new Error(`${n} is lost`);
    }
    expect(table.find(Int32Array.of(count + 1, -count - 1))).toBe(0);
  });
});
