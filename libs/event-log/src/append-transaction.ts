import pg from 'pg';
import { TollgateError } from '@tollgate/contracts';
import { keyOf, streamsOf, type BatchDecision, type KeptAnswer, type LogState } from './batch.ts';
import type { LogDefinition } from './log-definition.ts';
import type { AppendRequest, PersonRow, RequestRow } from './types.ts';

/** Prepared once for each connection, since the texts that use them are never the same. */
const readState = (schema: string) => `
  PREPARE append_read (json, json) AS
  SELECT (SELECT json_object_agg(s.stream, e.version)
            FROM json_array_elements_text($1) AS s(stream)
           CROSS JOIN LATERAL (SELECT version FROM ${schema}.events WHERE stream = s.stream ORDER BY version DESC LIMIT 1) AS e
         ) AS versions,
         (SELECT json_agg(i) FROM json_to_recordset($2) AS k("orgId" text, caller text, operation text, key text)
            JOIN ${schema}.idempotency i ON (i.org_id, i.caller, i.operation, i.key) = (k."orgId", k.caller, k.operation, k.key)
         ) AS kept`;

/** $1 head, $2 its time, $3 events, $4 idempotency keys, then the rows of `personalRows` where the log has them. */
const writeStatement = ({ schema, personal }: LogDefinition) => `
  PREPARE append_write (bigint, timestamptz, json, json${personal ? ', json, json' : ''}) AS
  WITH events AS (
    INSERT INTO ${schema}.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
    SELECT * FROM json_to_recordset($3) AS e(position bigint, id text, stream text, version integer, category text,
      type text, "typeVersion" integer, "orgId" text, at timestamptz, data jsonb, meta jsonb)
  ), keys AS (
    INSERT INTO ${schema}.idempotency (org_id, caller, operation, key, request_hash, answer, position)
    SELECT * FROM json_to_recordset($4) AS k("orgId" text, caller text, operation text, key text, "requestHash" text,
      answer jsonb, position bigint)
  )${personal ? personalRows : ''}
  UPDATE ${schema}.head SET position = $1, last_at = $2`;

/** Only the writer of the main log has rights on these tables. */
const personalRows = `, people AS (
    INSERT INTO personal.people (account_id, org_id, name, email, external_subject)
    SELECT * FROM json_to_recordset($5) AS p("accountId" text, "orgId" text, name text, email text, "externalSubject" text)
  ), requests AS (
    INSERT INTO personal.requests (request_id, org_id, account_id, ip, user_agent, salt)
    SELECT * FROM json_to_recordset($6) AS r("requestId" text, "orgId" text, "accountId" text, ip text, "userAgent" text, salt text)
    -- One request may append several times. Its context is the same each time, and the first salt is the committed one.
    ON CONFLICT (request_id) DO NOTHING
  )`;

/** Once for each connection, before anything else here. */
export async function prepareAppends(client: pg.ClientBase, log: LogDefinition): Promise<void> {
  await client.query(`${readState(log.schema)}; ${writeStatement(log)}`);
}

/**
 * The state a batch is decided on, read under the lock that orders all appends. Leaves the transaction open.
 *
 * One round trip, three statements: each sees what was committed before it began, and the lock may have waited for another appender.
 */
export async function lockAndRead(
  client: pg.ClientBase,
  { schema }: LogDefinition,
  requests: readonly AppendRequest[],
): Promise<LogState> {
  const wanted = requests.flatMap(({ idempotency }) =>
    idempotency ? [{ ...idempotency, orgId: idempotency.orgId ?? '' }] : [],
  );
  const [, locked, read] = (await client.query(
    `BEGIN; SELECT position, last_at FROM ${schema}.head FOR UPDATE; EXECUTE append_read(${literals(streamsOf(requests), wanted)})`,
  )) as unknown as [unknown, pg.QueryResult<HeadRow>, pg.QueryResult<StateRow>];
  const head = locked.rows[0]!;
  const { versions, kept } = read.rows[0]!;
  return {
    head: head.position,
    lastAt: head.last_at,
    versions: new Map(Object.entries(versions ?? {})),
    kept: new Map((kept ?? []).map((row) => [keyOf({ ...row, orgId: row.org_id }), keptAnswer(row)])),
  };
}

/** Writes what was decided, moves the head and commits: one round trip. */
export async function writeAndCommit(
  client: pg.ClientBase,
  log: LogDefinition,
  { events, keys, personal, head, lastAt }: BatchDecision,
): Promise<void> {
  const people = personal.filter((row): row is PersonRow => row.table === 'people');
  const requests = personal.filter((row): row is RequestRow => row.table === 'requests');
  const rows = literals(events, keys, ...(log.personal ? [people, requests] : []));
  await client.query(
    `EXECUTE append_write(${head}, ${lastAt === null ? 'NULL' : pg.escapeLiteral(lastAt)}, ${rows}); COMMIT`,
  );
}

/** Several statements in one message take no parameters, so that these stand in its text, as JSON. */
function literals(...values: readonly unknown[]): string {
  return values.map((value) => pg.escapeLiteral(JSON.stringify(value))).join(', ');
}

/** True if the batch has something to write; a batch of refusals and replays has not. */
export function writesAnything({ events, keys, personal }: BatchDecision): boolean {
  return events.length + keys.length + personal.length > 0;
}

/** What a violated constraint means to the append that caused it. The unique index is the backstop of the expected version. */
export function refusalOf(error: unknown): unknown {
  const { code, constraint } = (error ?? {}) as { code?: string; constraint?: string };
  if (code !== '23505') return error;
  if (constraint === 'people_external_subject_key') {
    return new TollgateError(
      'ALREADY_EXISTS',
      'Another account of this organization has that externalSubject. Choose another.',
    );
  }
  return new TollgateError('CONFLICT', 'Another change came first. Read again and repeat.', undefined, {
    cause: error,
  });
}

interface HeadRow {
  position: number;
  last_at: string | null;
}

interface StateRow {
  versions: Record<string, number> | null;
  kept: KeptRow[] | null;
}

interface KeptRow {
  org_id: string;
  caller: string;
  operation: string;
  key: string;
  request_hash: string;
  answer: unknown;
  position: number;
}

function keptAnswer({ request_hash: requestHash, answer, position }: KeptRow): KeptAnswer {
  return { answer, requestHash, position };
}
