import { type Kysely, sql } from 'kysely';
import type { AccountRow, After, DirectoryList, NamedRow, TeamRow } from '../application/accounts/ports.ts';
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
      .where(startOf(after))
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async spaces(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]> {
    return this.#named('tokens.spaces', orgId, after, limit);
  }

  async projects(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]> {
    return this.#named('tokens.projects', orgId, after, limit);
  }

  async teams(orgId: string, after: After | null, limit: number): Promise<readonly TeamRow[]> {
    const { rows } = await sql<TeamRow>`
      SELECT id, name, policy, created_at AS "createdAt", version,
        ARRAY(SELECT project_id FROM tokens.team_projects AS reached
              WHERE reached.org_id = team.org_id AND reached.team_id = team.id
              ORDER BY project_id COLLATE "C") AS projects
      FROM tokens.teams AS team
      WHERE org_id = ${orgId} AND (${startOf(after)})
      ORDER BY created_at, id LIMIT ${limit}`.execute(this.#db);
    return rows;
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

  async #named(
    table: 'tokens.spaces' | 'tokens.projects',
    orgId: string,
    after: After | null,
    limit: number,
  ): Promise<readonly NamedRow[]> {
    return this.#db
      .selectFrom(table)
      .select(['id', 'name', 'created_at as createdAt', 'version'])
      .where('org_id', '=', orgId)
      .where(startOf(after))
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }
}

/** The condition for what comes after the last item of the page before. */
function startOf(after: After | null) {
  return after === null
    ? sql<boolean>`true`
    : sql<boolean>`(created_at, id) > (${after.createdAt}::timestamptz, ${after.id})`;
}
