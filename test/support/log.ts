import type { TestStack } from '@tollgate/stack';
import pg from 'pg';

/** An event as it stands in the log. */
export interface LoggedEvent {
  readonly position: number;
  readonly type: string;
  readonly stream: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Asks Postgres itself, as administrator: what the services say about the log is what tests of faults doubt. */
export async function askDatabase<Row>(
  { secrets }: Pick<TestStack, 'secrets'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: secrets.databaseAdminUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as Row[];
  } finally {
    await client.end();
  }
}

/** All that a command may leave behind: the head of the log, and the number of rows that stand beside it. */
export async function writtenSoFar(stack: TestStack): Promise<Readonly<Record<string, number>>> {
  const [counts] = await askDatabase<Record<string, number>>(
    stack,
    `SELECT (SELECT position::int FROM log.head) AS head,
            (SELECT count(*)::int FROM log.events) AS events,
            (SELECT count(*)::int FROM log.idempotency) AS keys,
            (SELECT count(*)::int FROM personal.people) AS people,
            (SELECT count(*)::int FROM personal.requests) AS requests`,
  );
  return counts as Record<string, number>;
}

/** The whole log, oldest first. */
export async function readLog(stack: TestStack): Promise<LoggedEvent[]> {
  return askDatabase<LoggedEvent>(
    stack,
    'SELECT position::int, type, stream, data FROM log.events ORDER BY log.events.position',
  );
}

/**
 * The positions that break the rule that the log counts 1, 2, 3 … up to its head. One statement sees one moment: services write to
 * the log by themselves, refused attempts by the minute for one.
 */
export async function holesIn(stack: TestStack): Promise<number[]> {
  const [row] = await askDatabase<{ head: number; positions: number[] }>(
    stack,
    `SELECT (SELECT position::int FROM log.head) AS head,
            array(SELECT position::int FROM log.events ORDER BY log.events.position) AS positions`,
  );
  const { head, positions } = row as { head: number; positions: number[] };
  const holes = positions.filter((position, index) => position !== index + 1);
  return positions.length === head ? holes : [...holes, head];
}
