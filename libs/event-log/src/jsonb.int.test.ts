import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asJsonb } from './jsonb.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDatabase();
});
afterAll(() => db.stop());

/** Texts that jsonb takes: without U+0000 and halves of surrogate pairs. */
const text = fc.string({ unit: 'binary', maxLength: 6 }).filter((chars) => !chars.includes('\0'));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, 1e-7, undefined),
    fc.integer(),
    text,
    fc.array(tie('any').filter((each) => each !== undefined)),
    fc.dictionary(fc.oneof(text, fc.constantFrom('allow', 'deny', '10', '9', '__proto__', 'constructor')), tie('any')),
  ),
})).any;

it('gives every JSON value back as Postgres does, to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 20, maxLength: 50 }), async (values) => {
      const written = values.filter((each) => each !== undefined);
      const { rows } = await db.admin.query<{ read: unknown }>(
        'SELECT value::jsonb AS read FROM unnest($1::text[]) WITH ORDINALITY AS given(value, place) ORDER BY place',
        [written.map((each) => JSON.stringify(each))],
      );
      expect(written.map((each) => JSON.stringify(asJsonb(each)))).toEqual(
        rows.map(({ read }) => JSON.stringify(read)),
      );
    }),
    { numRuns: 60 },
  );
});
