import pg from 'pg';
import { TollgateError } from '@tollgate/contracts';
import {
  keyOf,
  streamsOf,
  writesOf,
  type BatchDecision,
  type KeptAnswer,
  type KeyRow,
  type LogState,
} from './batch.ts';
import type { LogDefinition } from './log-definition.ts';
import type { AppendRequest, PersonRow, RequestRow } from './types.ts';

/** Prepared once for each connection, since the texts that use them are never the same. */
const readState = (schema: string) => `
  PREPARE append_read (jsonb, jsonb) AS
  SELECT (SELECT json_object_agg(s.stream, e.version)
            FROM jsonb_array_elements_text($1) AS s(stream)
           CROSS JOIN LATERAL (SELECT version FROM ${schema}.events WHERE stream = s.stream ORDER BY version DESC LIMIT 1) AS e
         ) AS versions,
         (SELECT json_agg(i) FROM jsonb_to_recordset($2) AS k("orgId" text, caller text, operation text, key text)
            JOIN ${schema}.idempotency i ON (i.org_id, i.caller, i.operation, i.key) = (k."orgId", k.caller, k.operation, k.key)
         ) AS kept`;

/**
 * Writes nothing unless the head is at $1 and what was assumed holds. Nobody appends without moving the head, so that all of it was seen
 * at one moment: if the row was locked meanwhile, the head is elsewhere, or nothing was appended.
 *
 * $1 head before, $2 head, $3 its time, $4 events, $5 idempotency keys, $6 assumed versions of streams, $7 keys that were assumed to be
 * new, then the rows of `personalRows` where the log has them.
 */
const writeStatement = ({ schema, personal }: LogDefinition) => `
  WITH moved AS (
    UPDATE ${schema}.head SET position = $2, last_at = $3 WHERE position = $1
       AND NOT EXISTS (SELECT FROM jsonb_to_recordset($6::jsonb) AS s(stream text, version integer)
         WHERE s.version <> coalesce((SELECT version FROM ${schema}.events WHERE stream = s.stream ORDER BY version DESC LIMIT 1), 0))
       AND NOT EXISTS (SELECT FROM jsonb_to_recordset($7::jsonb) AS k("orgId" text, caller text, operation text, key text)
         JOIN ${schema}.idempotency i ON (i.org_id, i.caller, i.operation, i.key) = (k."orgId", k.caller, k.operation, k.key))
    RETURNING position
  ), events AS (
    INSERT INTO ${schema}.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
    SELECT e.* FROM moved, jsonb_to_recordset($4::jsonb) AS e(position bigint, id text, stream text, version integer, category text,
      type text, "typeVersion" integer, "orgId" text, at timestamptz, data jsonb, meta jsonb)
  ), keys AS (
    INSERT INTO ${schema}.idempotency (org_id, caller, operation, key, request_hash, answer, position)
    SELECT k.* FROM moved, jsonb_to_recordset($5::jsonb) AS k("orgId" text, caller text, operation text, key text, "requestHash" text,
      answer jsonb, position bigint)
  )${personal ? personalRows : ''}
  SELECT position FROM moved`;

/** Only the writer of the main log has rights on these tables. */
const personalRows = `, people AS (
    INSERT INTO personal.people (account_id, org_id, name, email, external_subject)
    SELECT p.* FROM moved, jsonb_to_recordset($8::jsonb) AS p("accountId" text, "orgId" text, name text, email text, "externalSubject" text)
  ), requests AS (
    INSERT INTO personal.requests (request_id, org_id, account_id, ip, user_agent, salt)
    SELECT r.* FROM moved, jsonb_to_recordset($9::jsonb) AS r("requestId" text, "orgId" text, "accountId" text, ip text, "userAgent" text,
      salt text)
    -- One request may append several times. Its context is the same each time, and the first salt is the committed one.
    ON CONFLICT (request_id) DO NOTHING
  )`;

/** What a decision rests on that was not read. */
export interface Assumed {
  readonly versions: ReadonlyMap<string, number>;
  readonly newKeys: readonly Pick<KeyRow, 'orgId' | 'caller' | 'operation' | 'key'>[];
}

const nothingAssumed: Assumed = { versions: new Map(), newKeys: [] };

/** Once for each connection, before anything else here. */
export async function prepareAppends(client: pg.ClientBase, log: LogDefinition): Promise<void> {
  await client.query(readState(log.schema));
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
  const [, locked, read] = (await client.query(
    `BEGIN; SELECT position, last_at FROM ${schema}.head FOR UPDATE; EXECUTE append_read(${literals(streamsOf(requests), keysOf(requests))})`,
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

/**
 * Writes what was decided and moves the head, in one statement: by itself if no transaction is open.
 * @returns false where the head is not where the decision began, or what it assumed does not hold: nothing was written then
 */
export async function write(
  client: pg.ClientBase,
  log: LogDefinition,
  { events, keys, personal, head, lastAt }: BatchDecision,
  { versions, newKeys }: Assumed = nothingAssumed,
): Promise<boolean> {
  const expected = [...versions].map(([stream, version]) => ({ stream, version }));
  const people = personal.filter((row): row is PersonRow => row.table === 'people');
  const requests = personal.filter((row): row is RequestRow => row.table === 'requests');
  const rows = [events, keys, expected, newKeys, ...(log.personal ? [people, requests] : [])];
  const { rowCount } = await client.query({
    name: 'append_write',
    text: writeStatement(log),
    values: [head - events.length, head, lastAt, ...rows.map((each) => JSON.stringify(each))],
  });
  return rowCount === 1;
}

/** The idempotency keys that a batch uses. */
function keysOf(requests: readonly AppendRequest[]): Assumed['newKeys'] {
  return requests.flatMap(({ idempotency }) => {
    if (!idempotency) return [];
    const { orgId, caller, operation, key } = idempotency;
    return [{ orgId: orgId ?? '', caller, operation, key }];
  });
}

/** What has to be so for all of the batch to be written; null where that cannot be told without a look into the log. */
export function assumptionsOf(requests: readonly AppendRequest[]): Assumed | null {
  const versions = new Map<string, number>();
  for (const request of requests) {
    for (const { stream, expectedVersion } of writesOf(request)) {
      if (versions.has(stream)) continue;
      if (expectedVersion === 'any') return null;
      versions.set(stream, expectedVersion);
    }
    for (const { stream, version } of request.guards ?? []) if (!versions.has(stream)) versions.set(stream, version);
  }
  return { versions, newKeys: keysOf(requests) };
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
