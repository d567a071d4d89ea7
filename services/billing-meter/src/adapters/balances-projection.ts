import type { RecordedBillingEvent } from '@tollgate/contracts';
import type { ClientBase } from '@tollgate/event-log';
import {
  chargeStatusOf,
  emptyBalance,
  evolveBalance,
  isChargeEvent,
  spendingOf,
  type Balance,
  type BalanceEvent,
  type BalanceEventType,
  type ChargeEventType,
} from '../domain/balance.ts';
import type { LedgerTable } from './ledger-tables.ts';
import { balanceOf, type BalanceRow } from './postgres-balances.ts';

type PhysicalName = (table: LedgerTable) => string;
type Recorded = RecordedBillingEvent<BalanceEventType>;

/** Balances, charges and what tokens have spent: folds of the streams `balance-<org>`, with the code that decides on them. */
export async function applyBalances(
  tx: ClientBase,
  all: readonly RecordedBillingEvent[],
  table: PhysicalName,
): Promise<void> {
  const events = all.filter((event): event is Recorded => event.category === 'balance');
  if (events.length === 0) return;
  await foldBalances(tx, events, table);
  await writeCharges(tx, events, table);
  await addSpending(tx, events, table);
}

async function foldBalances(tx: ClientBase, events: readonly Recorded[], table: PhysicalName): Promise<void> {
  const orgIds = [...new Set(events.map(({ orgId }) => orgId as string))];
  const { rows } = await tx.query<BalanceRow>(`SELECT * FROM ${table('balances')} WHERE org_id = ANY($1)`, [orgIds]);
  const balances = new Map<string, Balance>(rows.map((row) => [row.org_id, balanceOf(row)]));
  for (const event of events) {
    const orgId = event.orgId as string;
    balances.set(orgId, evolveBalance(balances.get(orgId) ?? emptyBalance, event));
  }
  await tx.query(
    `INSERT INTO ${table('balances')}
     SELECT * FROM jsonb_to_recordset($1) AS balance (org_id text, version integer, available text, held text, topped_up text,
            captured text, uncollected text, booked_to integer, low_under text, at text)
     ON CONFLICT (org_id) DO UPDATE SET (version, available, held, topped_up, captured, uncollected, booked_to, low_under, at)
       = (excluded.version, excluded.available, excluded.held, excluded.topped_up, excluded.captured, excluded.uncollected,
          excluded.booked_to, excluded.low_under, excluded.at)`,
    [JSON.stringify([...balances].map(([orgId, balance]) => rowOf(orgId, balance)))],
  );
}

function rowOf(orgId: string, balance: Balance): BalanceRow {
  return {
    org_id: orgId,
    version: balance.version,
    available: String(balance.available),
    held: String(balance.held),
    topped_up: String(balance.toppedUp),
    captured: String(balance.captured),
    uncollected: String(balance.uncollected),
    booked_to: balance.bookedTo,
    low_under: balance.lowUnder === null ? null : String(balance.lowUnder),
    at: balance.at,
  };
}

interface ChargeRow {
  org_id: string;
  charge_id: string;
  status: string;
  position?: number;
  token_id?: string;
  tool?: string;
  created_at?: string;
  expires_at?: string | null;
  expiry_position?: number;
  closing_position?: number;
}

/** Charges that open in this batch are added as it leaves them; what happened to others is put into their rows. */
async function writeCharges(tx: ClientBase, events: readonly Recorded[], table: PhysicalName): Promise<void> {
  const rows = new Map<string, ChargeRow>();
  for (const event of events) if (isChargeEvent(event)) addTo(rows, event);
  const [opened, changed] = [true, false].map((wanted) =>
    [...rows.values()].filter(({ position }) => (position !== undefined) === wanted),
  ) as [ChargeRow[], ChargeRow[]];
  if (opened.length > 0)
    await tx.query(
      `INSERT INTO ${table('charges')} (org_id, charge_id, position, status, token_id, tool, created_at, expires_at,
              expiry_position, closing_position)
       SELECT * FROM jsonb_to_recordset($1) AS charge (org_id text, charge_id text, position bigint, status text, token_id text,
              tool text, created_at timestamptz, expires_at text, expiry_position bigint, closing_position bigint)`,
      [JSON.stringify(opened)],
    );
  if (changed.length > 0)
    await tx.query(
      `UPDATE ${table('charges')} AS charge SET status = next.status,
              expiry_position = coalesce(next.expiry_position, charge.expiry_position),
              closing_position = coalesce(next.closing_position, charge.closing_position)
         FROM jsonb_to_recordset($1) AS next (org_id text, charge_id text, status text, expiry_position bigint,
              closing_position bigint)
        WHERE charge.org_id = next.org_id AND charge.charge_id = next.charge_id`,
      [JSON.stringify(changed)],
    );
}

function addTo(rows: Map<string, ChargeRow>, event: Recorded & { type: ChargeEventType }): void {
  const { type, data, position } = event;
  const key = `${event.orgId} ${data.chargeId}`;
  const row: ChargeRow = rows.get(key) ?? { org_id: event.orgId as string, charge_id: data.chargeId, status: '' };
  row.status = chargeStatusOf(type);
  rows.set(key, row);
  if (event.type === 'ChargeExpired') row.expiry_position = position;
  else if (event.type === 'ChargeReserved' || event.type === 'ChargeDeclined') {
    const created = event.type === 'ChargeReserved' ? event.data.reservedAt : event.data.declinedAt;
    const expires = event.type === 'ChargeReserved' ? event.data.expiresAt : null;
    const { tokenId, tool } = event.data;
    Object.assign(row, { position, token_id: tokenId, tool, created_at: created, expires_at: expires });
  } else row.closing_position = position;
}

async function addSpending(tx: ClientBase, events: readonly Recorded[], table: PhysicalName): Promise<void> {
  const spent = new Map<string, { org_id: string; token_id: string; day: string; micros: bigint }>();
  for (const event of events) {
    const spending = spendingOf(event as BalanceEvent);
    if (!spending) continue;
    const { tokenId, day, micros } = spending;
    const key = `${event.orgId} ${tokenId} ${day}`;
    const before = spent.get(key)?.micros ?? 0n;
    spent.set(key, { org_id: event.orgId as string, token_id: tokenId, day, micros: before + micros });
  }
  if (spent.size === 0) return;
  const rows = [...spent.values()].map((row) => ({ ...row, micros: String(row.micros) }));
  await tx.query(
    `INSERT INTO ${table('token_spending')} AS spending (org_id, token_id, day, micros)
     SELECT * FROM jsonb_to_recordset($1) AS more (org_id text, token_id text, day text, micros numeric)
     ON CONFLICT (org_id, token_id, day) DO UPDATE SET micros = spending.micros + excluded.micros`,
    [JSON.stringify(rows)],
  );
}
