import { type Kysely, sql } from 'kysely';
import type { After } from '../application/accounts/ports.ts';
import type { ProductList } from '../application/products/ports.ts';
import type { Database } from './database.ts';

export class PostgresProductList implements ProductList {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async keys(after: After | null, limit: number): Promise<readonly After[]> {
    return this.#db
      .selectFrom('tokens.products')
      .select(['key as id', 'created_at as createdAt'])
      .$if(after !== null, (query) =>
        query.where(sql<boolean>`(created_at, key) > (${after?.createdAt}::timestamptz, ${after?.id})`),
      )
      .orderBy('created_at')
      .orderBy('key')
      .limit(limit)
      .execute();
  }

  async ofPrefix(tokenPrefix: string): Promise<string | null> {
    const row = await this.#db
      .selectFrom('tokens.products')
      .select('key')
      .where('token_prefix', '=', tokenPrefix)
      .orderBy('key')
      .executeTakeFirst();
    return row?.key ?? null;
  }
}
