import type { Pool } from '@tollgate/event-log';
import { until } from '@tollgate/event-log/testing';

/**
 * The views of its schema that a read has locked by the time it reaches `view`, in alphabetical order. Another transaction
 * holds that view meanwhile; then the read goes on.
 * @param view with its schema, `billing.seats`
 * @param marker a text that only the read's statement has, where the service reads the view for other reasons too
 */
export async function lockedBefore(
  admin: Pool,
  view: string,
  read: () => Promise<unknown>,
  marker = '',
): Promise<string[]> {
  const holder = await admin.connect();
  let reading: Promise<unknown> | undefined;
  try {
    await holder.query(`BEGIN; LOCK TABLE ${view} IN ACCESS EXCLUSIVE MODE`);
    reading = read();
    const waiting = `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE NOT granted AND relation = '${view}'::regclass AND query LIKE '%${marker}%'`;
    await until(`a read waits for ${view}`, async () => (await admin.query(waiting)).rows.length === 1);
    const { rows } = await admin.query<{ name: string }>(
      `SELECT relname AS name FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE granted AND relkind = 'v' AND relnamespace = '${view.split('.')[0]}'::regnamespace
          AND pid IN (${waiting}) ORDER BY relname`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
    await reading;
  }
}
