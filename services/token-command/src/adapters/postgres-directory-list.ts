import { type Kysely, sql } from 'kysely';
import type {
  AccountRow,
  After,
  DirectoryList,
  MembershipRow,
  NamedRow,
  TeamRow,
} from '../application/accounts/ports.ts';
import type { Database } from './database.ts';
import { inTenant } from './tenant.ts';

export class PostgresDirectoryList implements DirectoryList {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async accounts(orgId: string, after: After | null, limit: number): Promise<readonly AccountRow[]> {
    return inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom('tokens.accounts')
        .select(['id', 'kind', 'role', 'status', 'created_at as createdAt', 'version'])
        .where('org_id', '=', orgId)
        .where(startOf(after))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
  }

  async spaces(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]> {
    return this.#named('tokens.spaces', orgId, after, limit);
  }

  async projects(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]> {
    return this.#named('tokens.projects', orgId, after, limit);
  }

  async teams(orgId: string, after: After | null, limit: number): Promise<readonly TeamRow[]> {
    const { rows } = await inTenant(this.#db, orgId, (tx) =>
      sql<TeamRow>`
      SELECT id, name, policy, created_at AS "createdAt", version,
        ARRAY(SELECT project_id FROM tokens.team_projects AS reached
              WHERE reached.org_id = team.org_id AND reached.team_id = team.id
              ORDER BY project_id COLLATE "C") AS projects
      FROM tokens.teams AS team
      WHERE org_id = ${orgId} AND (${startOf(after)})
      ORDER BY created_at, id LIMIT ${limit}`.execute(tx),
    );
    return rows;
  }

  async memberships(orgId: string, accountId: string, spaceId: string | null): Promise<readonly MembershipRow[]> {
    const rows = await inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom('tokens.memberships as membership')
        .innerJoin('tokens.spaces as space', (join) =>
          join.onRef('space.org_id', '=', 'membership.org_id').onRef('space.id', '=', 'membership.space_id'),
        )
        .select(['space.id', 'space.name', 'membership.permissions', 'membership.administers'])
        .where('membership.org_id', '=', orgId)
        .where('membership.account_id', '=', accountId)
        .$if(spaceId !== null, (query) => query.where('membership.space_id', '=', spaceId as string))
        .orderBy('space.created_at')
        .orderBy('space.id')
        .execute(),
    );
    return rows.map(({ id, name, permissions, administers }) => ({ space: { id, name }, permissions, administers }));
  }

  async owners(orgId: string, limit: number): Promise<readonly string[]> {
    const rows = await inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom('tokens.accounts')
        .select('id')
        .where('org_id', '=', orgId)
        .where('role', '=', 'owner')
        .where('status', '=', 'active')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ id }) => id);
  }

  async #named(
    table: 'tokens.spaces' | 'tokens.projects',
    orgId: string,
    after: After | null,
    limit: number,
  ): Promise<readonly NamedRow[]> {
    return inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom(table)
        .select(['id', 'name', 'created_at as createdAt', 'version'])
        .where('org_id', '=', orgId)
        .where(startOf(after))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
  }
}

/** The condition for what comes after the last item of the page before. */
function startOf(after: After | null) {
  return after === null
    ? sql<boolean>`true`
    : sql<boolean>`(created_at, id) > (${after.createdAt}::timestamptz, ${after.id})`;
}
