import type { Pool } from '@tollgate/event-log';

/**
 * A table is analysed once so many of its rows, and as many as it had then, were written since the last time: plans are made for
 * half its size at worst, and a table that grows steadily is looked at ever more seldom. Autovacuum looks at it each minute.
 */
const rowsMin = 2_000;

/**
 * Renews the planner's statistics of tables that have grown or changed much: what autovacuum does, but not a minute later.
 * A list that is read right after an import is else planned as if its tables were still small.
 * @param tables physical names, of the role that asks
 * @returns those that were analysed
 */
export async function analyzeGrown(pool: Pool, tables: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>({
    name: 'tables-grown',
    text: `SELECT wanted.name FROM unnest($1::text[]) AS wanted (name)
             JOIN pg_class AS class ON class.oid = to_regclass(wanted.name)
            WHERE pg_stat_get_mod_since_analyze(class.oid) > $2 + greatest(class.reltuples, 0)`,
    values: [tables, rowsMin],
  });
  const grown = rows.map(({ name }) => name);
  await analyze(pool, grown);
  return grown;
}

/** One after the other: each is looked at for some tens of milliseconds at most, whatever its size. */
export async function analyze(pool: Pool, tables: readonly string[]): Promise<void> {
  for (const name of tables) await pool.query(`ANALYZE ${name}`);
}

/**
 * DDL for columns that no query filters or sorts by. Looking at a table is for the most part sorting samples of its columns, and
 * those of these would tell the planner nothing.
 * @param columns their names, with a blank between them
 */
export function withoutStatistics(table: string, columns: string): string {
  const each = columns.split(' ').map((column) => `ALTER COLUMN ${column} SET STATISTICS 0`);
  return `ALTER TABLE ${table} ${each.join(', ')}`;
}
