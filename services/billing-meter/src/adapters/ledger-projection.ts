import type { RecordedBillingEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import { asProjector, defineProjection } from '@tollgate/projection';
import { applyBalances } from './balances-projection.ts';
import { asBillingEvents } from './billing-log.ts';
import { ledgerTables, type LedgerTable } from './ledger-tables.ts';

type PhysicalName = (table: LedgerTable) => string;

/** Statements, their lines, what was told of seats, balances and charges, and the sequence of each organization: folds of the billing log. */
export const ledgerProjection = defineProjection({
  name: 'ledger',
  schema: 'billing',
  tables: ledgerTables,
  begin: asProjector,
  async apply(tx, events, table) {
    const all = asBillingEvents(events);
    await applyStatements(tx, all, table);
    await applyLines(tx, all, table);
    await applySeatRecords(tx, all, table);
    await applyFeed(tx, all, table);
    await applyBalances(tx, all, table);
  },
});

async function applyStatements(
  tx: ClientBase,
  events: readonly RecordedBillingEvent[],
  table: PhysicalName,
): Promise<void> {
  for (const { orgId, version, at, type, data } of events) {
    if (type === 'PeriodClosed') {
      await tx.query(
        `INSERT INTO ${table('statements')} (org_id, no, closing, closed_at, version) VALUES ($1, $2, $3, $4, $5)`,
        [orgId, data.no, JSON.stringify(data), at, version],
      );
    } else if (type === 'StatementIssued') {
      await tx.query(
        `UPDATE ${table('statements')} SET issue = $3, issued_at = $4, version = $5 WHERE org_id = $1 AND no = $2`,
        [orgId, data.no, JSON.stringify(data), at, version],
      );
    }
  }
}

async function applyLines(tx: ClientBase, events: readonly RecordedBillingEvent[], table: PhysicalName): Promise<void> {
  const rows = events.flatMap((event) => lineRow(event) ?? []);
  if (rows.length === 0) return;
  await tx.query(
    `WITH rows AS (
       INSERT INTO ${table('lines')} (org_id, no, line_no, id, kind, token_id, of_statement, amount, data, posted_at)
       SELECT "orgId", no, version - 1, id, kind, "tokenId", "ofStatement", amount, data, at
         FROM jsonb_to_recordset($1) AS line ("orgId" text, no integer, version integer, id text, kind text,
              "tokenId" text, "ofStatement" integer, amount text, data jsonb, at timestamptz)
       RETURNING org_id, no, line_no)
     UPDATE ${table('statements')} AS statement SET version = posted.version
       FROM (SELECT org_id, no, max(line_no) + 1 AS version FROM rows GROUP BY org_id, no) AS posted
      WHERE statement.org_id = posted.org_id AND statement.no = posted.no AND statement.issue IS NULL`,
    [JSON.stringify(rows)],
  );
}

function lineRow({ orgId, version, at, type, data }: RecordedBillingEvent) {
  if (type === 'LinePosted') {
    const { no, line } = data;
    const { id, tokenId } = line;
    return {
      orgId,
      no,
      version,
      at,
      id,
      kind: 'line',
      tokenId,
      ofStatement: no,
      amount: line.amount.amount,
      data: line,
    };
  }
  if (type === 'LineAdjusted') {
    const { no, adjustment } = data;
    const { id, tokenId, adjusts, amount } = adjustment;
    const ofStatement = adjusts.statement;
    return {
      orgId,
      no,
      version,
      at,
      id,
      kind: 'adjustment',
      tokenId,
      ofStatement,
      amount: amount.amount,
      data: adjustment,
    };
  }
  return null;
}

async function applySeatRecords(
  tx: ClientBase,
  events: readonly RecordedBillingEvent[],
  table: PhysicalName,
): Promise<void> {
  // The last terms and the closing of each seat of the batch; a seat that only closed keeps the terms it has.
  const records = new Map<string, object>();
  for (const { orgId, version, type, data } of events) {
    if (type !== 'SeatOpened' && type !== 'SeatRepriced' && type !== 'SeatClosed') continue;
    const key = `${orgId} ${data.tokenId}`;
    const change =
      type === 'SeatClosed'
        ? { closedAt: data.closedAt }
        : { terms: data.terms, since: type === 'SeatOpened' ? data.openedAt : data.since };
    records.set(key, { ...records.get(key), orgId, tokenId: data.tokenId, version, ...change });
  }
  if (records.size === 0) return;
  await tx.query(
    `MERGE INTO ${table('seat_records')} AS record
     USING jsonb_to_recordset($1) AS told ("orgId" text, "tokenId" text, version integer, terms jsonb,
           since timestamptz, "closedAt" timestamptz)
        ON record.org_id = told."orgId" AND record.token_id = told."tokenId"
      WHEN MATCHED THEN UPDATE SET version = told.version, terms = coalesce(told.terms, record.terms),
           since = coalesce(told.since, record.since), closed_at = coalesce(told."closedAt", record.closed_at)
      WHEN NOT MATCHED THEN INSERT (org_id, token_id, version, terms, since, closed_at)
           VALUES (told."orgId", told."tokenId", told.version, told.terms, told.since, told."closedAt")`,
    [JSON.stringify([...records.values()])],
  );
}

/** Every event of an organization is the next of its sequence: 1, 2, 3 … in log order. */
async function applyFeed(tx: ClientBase, events: readonly RecordedBillingEvent[], table: PhysicalName): Promise<void> {
  const orgIds = events.map(({ orgId }) => orgId ?? '');
  const { rows } = await tx.query<{ orgId: string; sequence: number }>(
    `SELECT org_id AS "orgId", last.sequence
       FROM unnest($1::text[]) AS orgs (org_id)
      CROSS JOIN LATERAL (SELECT sequence FROM ${table('feed')} AS told WHERE told.org_id = orgs.org_id
                           ORDER BY sequence DESC LIMIT 1) AS last`,
    [[...new Set(orgIds)]],
  );
  const last = new Map(rows.map(({ orgId, sequence }) => [orgId, sequence]));
  const sequences = orgIds.map((orgId) => {
    const sequence = (last.get(orgId) ?? 0) + 1;
    last.set(orgId, sequence);
    return sequence;
  });
  await tx.query(
    `INSERT INTO ${table('feed')} (org_id, sequence, position)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])`,
    [orgIds, sequences, events.map(({ position }) => position)],
  );
}
