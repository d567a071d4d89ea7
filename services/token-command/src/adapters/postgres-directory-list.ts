import { type Kysely, sql } from 'kysely';
import type { AccountRow, After, DirectoryList, SpaceRow } from '../application/accounts/ports.ts';
import type { Database } from './database.ts';

export class PostgresDirectoryList implements DirectoryList {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async accounts(orgId: string, after: After | null, limit: number): Promise<readonly AccountRow[]> {
    return this.#db
      .selectFrom('tokens.accounts')
      .select(['id', 'kind', 'role', 'status', 'created_at as createdAt', 'version'])
      .where('org_id', '=', orgId)
      .$if(after !== null, (query) =>
        query.where(sql<boolean>`(created_at, id) > (${after?.createdAt}::timestamptz, ${after?.id})`),
      )
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async spaces(orgId: string, after: After | null, limit: number): Promise<readonly SpaceRow[]> {
    return this.#db
      .selectFrom('tokens.spaces')
      .select(['id', 'name', 'created_at as createdAt', 'version'])
      .where('org_id', '=', orgId)
      .$if(after !== null, (query) =>
        query.where(sql<boolean>`(created_at, id) > (${after?.createdAt}::timestamptz, ${after?.id})`),
      )
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async owners(orgId: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('tokens.accounts')
      .select('id')
      .where('org_id', '=', orgId)
      .where('role', '=', 'owner')
      .where('status', '=', 'active')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }
}
