import type { Kysely } from 'kysely';
import type { IdempotencyKey, IdempotencyKeys, KeptAnswer } from '../application/ports.ts';
import type { Database } from './database.ts';

/** Reads what the appender wrote with the events. */
export class PostgresIdempotencyKeys implements IdempotencyKeys {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find({ orgId, caller, operation, key }: IdempotencyKey): Promise<KeptAnswer | null> {
    const row = await this.#db
      .selectFrom('log.idempotency')
      .select(['request_hash', 'answer'])
      .where('org_id', '=', orgId ?? '')
      .where('caller', '=', caller)
      .where('operation', '=', operation)
      .where('key', '=', key)
      .executeTakeFirst();
    return row ? { requestHash: row.request_hash, answer: row.answer } : null;
  }
}
