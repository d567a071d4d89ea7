import { defineProjection, type ProjectionDefinition } from '../definition.ts';

/** Counts and lists spaces. The count is an increment, so that an event applied twice or not at all shows. */
export function spacesProjection(overrides: Partial<ProjectionDefinition<'spaces' | 'counts'>> = {}) {
  return defineProjection<'spaces' | 'counts'>({
    name: 'spaces-of-orgs',
    schema: 'billing',
    tables: {
      spaces: {
        ddl: (table) => [
          `CREATE TABLE ${table} (org_id text, id text, name text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (org_id, id))`,
          `CREATE INDEX ON ${table} (org_id, at)`,
        ],
      },
      counts: { ddl: (table) => [`CREATE TABLE ${table} (org_id text PRIMARY KEY, spaces integer NOT NULL)`] },
    },
    async apply(tx, events, table) {
      for (const event of events) {
        if (event.type !== 'SpaceCreated') continue;
        await tx.query(`INSERT INTO ${table('spaces')} VALUES ($1, $2, $3, $4)`, [
          event.orgId,
          event.data.spaceId,
          event.data.name,
          event.at,
        ]);
        await tx.query(
          `INSERT INTO ${table('counts')} AS c VALUES ($1, 1) ON CONFLICT (org_id) DO UPDATE SET spaces = c.spaces + 1`,
          [event.orgId],
        );
      }
    },
    ...overrides,
  });
}
