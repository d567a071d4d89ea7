import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startDatabase, type TestDatabase } from '@tollgate/event-log/testing';
import { sql } from 'kysely';
import { openDatabase } from './database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDatabase();
}, 60_000);
afterAll(() => database?.stop());

it('plans a statement that begins with its name once for each connection, and others every time', async () => {
  const prepared = await openDatabase(database.pool('token-command'))
    .transaction()
    .execute(async (tx) => {
      for (const word of ['one', 'two']) {
        const { rows } = await sql`/* test-echo */ SELECT ${word}::text AS word`.execute(tx);
        expect(rows).toEqual([{ word }]);
        await sql`SELECT ${word}::text AS other`.execute(tx);
      }
      return sql`SELECT name, generic_plans + custom_plans AS runs FROM pg_prepared_statements`.execute(tx);
    });
  expect(prepared.rows).toEqual([{ name: 'test-echo', runs: 2 }]);
});
