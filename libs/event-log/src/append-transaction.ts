import type pg from 'pg';
import { TollgateError } from '@tollgate/contracts';
import { keyOf, streamsOf, type BatchDecision, type KeptAnswer, type LogState } from './batch.ts';
import type { LogDefinition } from './log-definition.ts';
import type { AppendRequest, PersonRow, RequestRow } from './types.ts';

/**
 * Locks the head row, then reads in a second statement: a statement sees what was committed before it began, and the
 * first one may have waited for another appender.
 */
const lock = (schema: string) => `BEGIN; SELECT position, last_at FROM ${schema}.head FOR UPDATE`;

const readState = (schema: string) => `
  SELECT (SELECT json_object_agg(s.stream, e.version)
            FROM unnest($1::text[]) AS s(stream)
           CROSS JOIN LATERAL (SELECT version FROM ${schema}.events WHERE stream = s.stream ORDER BY version DESC LIMIT 1) AS e
         ) AS versions,
         (SELECT json_agg(i) FROM json_to_recordset($2) AS k("orgId" text, caller text, operation text, key text)
            JOIN ${schema}.idempotency i ON (i.org_id, i.caller, i.operation, i.key) = (k."orgId", k.caller, k.operation, k.key)
         ) AS kept`;

/** $1 head, $2 its time, $3 events, $4 idempotency keys, then the rows of `personalRows` where the log has them. */
const writeStatement = ({ schema, personal }: LogDefinition) => `
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

/** The state a batch is decided on, read under the lock that orders all appends. Leaves the transaction open. */
export async function lockAndRead(
  client: pg.ClientBase,
  { schema }: LogDefinition,
  requests: readonly AppendRequest[],
): Promise<LogState> {
  const locked = (await client.query(lock(schema))) as unknown as pg.QueryResult<{
    position: number;
    last_at: string | null;
  }>[];
  const head = locked[1]!.rows[0]!;
  const keys = requests.flatMap(({ idempotency }) =>
    idempotency ? [{ ...idempotency, orgId: idempotency.orgId ?? '' }] : [],
  );
  const { rows } = await client.query<{ versions: Record<string, number> | null; kept: KeptRow[] | null }>({
    name: 'append-read',
    text: readState(schema),
    values: [streamsOf(requests), JSON.stringify(keys)],
  });
  const { versions, kept } = rows[0]!;
  return {
    head: head.position,
    lastAt: head.last_at,
    versions: new Map(Object.entries(versions ?? {})),
    kept: new Map((kept ?? []).map((row) => [keyOf({ ...row, orgId: row.org_id }), keptAnswer(row)])),
  };
}

/** Writes what was decided and moves the head: one statement. Leaves the transaction open. */
export async function write(
  client: pg.ClientBase,
  log: LogDefinition,
  { events, keys, personal, head, lastAt }: BatchDecision,
): Promise<void> {
  const people = personal.filter((row): row is PersonRow => row.table === 'people');
  const requests = personal.filter((row): row is RequestRow => row.table === 'requests');
  const lists = [events, keys, ...(log.personal ? [people, requests] : [])].map((rows) => JSON.stringify(rows));
  await client.query({ name: 'append-write', text: writeStatement(log), values: [head, lastAt, ...lists] });
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
