import { Inject, Injectable } from '@nestjs/common';
import type { RecordedBillingEvent } from '@tollgate/contracts';
import {
  decodeEvent,
  groupReads,
  inTransaction,
  storedEvent,
  type ClientBase,
  type EventRow,
  type Pool,
} from '@tollgate/event-log';
import { asProjector, asTenant } from '@tollgate/projection';
import { POOL } from '@tollgate/runtime';
import type { BalanceStore, ChargeFilter, ChargeList, Opened, Spent } from '../application/charges/ports.ts';
import { emptyBalance, evolveCharge, laterTypes, openingTypes, type Balance, type Charge } from '../domain/balance.ts';
import { asBillingEvents, billingLog } from './billing-log.ts';
import { LedgerReadModel } from './ledger-read-model.ts';

/** A row of `billing.balances`. Micro-units are digit strings. */
export interface BalanceRow {
  org_id: string;
  version: number;
  available: string;
  held: string;
  topped_up: string;
  captured: string;
  uncollected: string;
  booked_to: number;
  low_under: string | null;
  at: string;
}

export function balanceOf(row: BalanceRow): Balance {
  return {
    version: row.version,
    available: BigInt(row.available),
    held: BigInt(row.held),
    toppedUp: BigInt(row.topped_up),
    captured: BigInt(row.captured),
    uncollected: BigInt(row.uncollected),
    bookedTo: row.booked_to,
    lowUnder: row.low_under === null ? null : BigInt(row.low_under),
    at: row.at,
  };
}

const list = (types: readonly string[]) => types.map((type) => `'${type}'`).join();

/** What is booked already by the read model need not be looked at: a process that begins looks through the whole log. */
const stirredQuery = `
  SELECT head.position AS head, coalesce((
    SELECT array_agg(news.org_id) FROM (
      SELECT org_id, max(version) AS version FROM log.events
       WHERE position > $1 AND category = 'balance' GROUP BY org_id) AS news
      LEFT JOIN billing.balances AS balance USING (org_id)
     WHERE news.version > coalesce(balance.booked_to, 0)), '{}') AS org_ids
    FROM log.head AS head`;

/** Both indexes of the log by charge, each named by its own condition. */
const findQuery = `
  SELECT * FROM billing_log.events WHERE data ->> 'chargeId' = ANY($1) AND type IN (${list(openingTypes)})
   UNION ALL
  SELECT * FROM billing_log.events WHERE data ->> 'chargeId' = ANY($1) AND type IN (${list(laterTypes)})
   ORDER BY position`;

const stepJson = (event: string) => `CASE WHEN ${event}.position IS NULL THEN NULL ELSE jsonb_build_object(
  'type', ${event}.type, 'position', ${event}.position, 'data', ${event}.data) END`;

/** A charge with its events, in the shape of `Charge`. */
const chargeJson = `jsonb_build_object('orgId', charge.org_id, 'opening', ${stepJson('opening')}, 'expiry',
  ${stepJson('expiry')}, 'closing', ${stepJson('closing')})`;
const chargesWithEvents = `billing.charges AS charge
  JOIN billing_log.events AS opening ON opening.position = charge.position
  LEFT JOIN billing_log.events AS expiry ON expiry.position = charge.expiry_position
  LEFT JOIN billing_log.events AS closing ON closing.position = charge.closing_position`;

/** A balance with its open charges: one statement sees one moment, and one generation of the tables. */
const openQuery = `
  SELECT (SELECT to_jsonb(balance) FROM billing.balances AS balance WHERE org_id = $1) AS balance,
         (SELECT coalesce(jsonb_agg(${chargeJson} ORDER BY charge.position), '[]')
            FROM ${chargesWithEvents} WHERE charge.org_id = $1 AND charge.status = 'reserved') AS open,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('tokenId', token_id, 'day', day, 'micros', micros::text)), '[]')
            FROM billing.token_spending WHERE org_id = $1 AND token_id = ANY($2) AND day >= $3) AS spent`;

interface OpenRow {
  balance: BalanceRow | null;
  open: Charge[];
  spent: { tokenId: string; day: string; micros: string }[];
}

/** Balances and charges: from the log what is decided on, from the views of the projection `ledger` what is shown. */
@Injectable()
export class PostgresBalances implements BalanceStore, ChargeList {
  readonly find: BalanceStore['find'];
  readonly #pool: Pool;
  readonly #ledger: LedgerReadModel;

  constructor(@Inject(POOL) pool: Pool, ledger: LedgerReadModel) {
    this.#pool = pool;
    this.#ledger = ledger;
    this.find = groupReads<string, Charge>((chargeIds) => this.#find(chargeIds));
  }

  open(orgId: string, spentBy: readonly string[], sinceDay: string): Promise<Opened> {
    return asTenant(this.#pool, orgId, async (tx) => {
      const { rows } = await tx.query<OpenRow>(openQuery, [orgId, spentBy, sinceDay]);
      const { balance, open, spent } = rows[0]!;
      return {
        balance: balance ? balanceOf(balance) : emptyBalance,
        open,
        spent: spent.map((each): Spent => ({ ...each, micros: BigInt(each.micros) })),
      };
    });
  }

  async tail(orgId: string, afterVersion: number): Promise<readonly RecordedBillingEvent[]> {
    return asBillingEvents(await this.#ledger.log.readStream(`balance-${orgId}`, afterVersion));
  }

  async #find(chargeIds: readonly string[]): Promise<Map<string, Charge>> {
    const { rows } = await this.#pool.query<EventRow>({ name: 'charges-find', text: findQuery, values: [chargeIds] });
    const found = new Map<string, Charge>();
    for (const event of asBillingEvents(rows.map((row) => decodeEvent(storedEvent(row), billingLog)))) {
      const { chargeId } = event.data as { chargeId: string };
      found.set(chargeId, evolveCharge(found.get(chargeId) ?? null, event));
    }
    return found;
  }

  async due(now: string): Promise<string[]> {
    return this.#ofAll(async (tx) => {
      const { rows } = await tx.query<{ org_id: string }>(
        `SELECT DISTINCT org_id FROM billing.charges WHERE status = 'reserved' AND expires_at <= $1`,
        [now],
      );
      return rows.map(({ org_id }) => org_id);
    });
  }

  async stirred(after: number): Promise<{ orgIds: string[]; position: number }> {
    return this.#ofAll(async (tx) => {
      const { rows } = await tx.query<{ head: number; org_ids: string[] }>(stirredQuery, [after]);
      return { orgIds: rows[0]!.org_ids, position: rows[0]!.head };
    });
  }

  /**
   * What is available to each organization after `afterOrg`, in the order of their ids: no less new than what was committed before.
   * @throws TollgateError READ_MODEL_BEHIND
   */
  async available(afterOrg: string, limit: number): Promise<{ orgId: string; availableMicros: string }[]> {
    await this.#ledger.catchUp();
    return this.#ofAll(async (tx) => {
      const { rows } = await tx.query<{ orgId: string; availableMicros: string }>(
        `SELECT org_id AS "orgId", available AS "availableMicros" FROM billing.balances
          WHERE org_id > $1 ORDER BY org_id LIMIT $2`,
        [afterOrg, limit],
      );
      return rows;
    });
  }

  page(orgId: string, filter: ChargeFilter, beforePosition: number | null, limit: number): Promise<Charge[]> {
    const { status, tokenId, tool, from, to } = filter;
    return asTenant(this.#pool, orgId, async (tx) => {
      const { rows } = await tx.query<{ charge: Charge }>(
        `SELECT ${chargeJson} AS charge FROM ${chargesWithEvents}
          WHERE charge.org_id = $1 AND ($2::bigint IS NULL OR charge.position < $2)
            AND ($3::text IS NULL OR charge.status = $3) AND ($4::text IS NULL OR charge.token_id = $4)
            AND ($5::text IS NULL OR charge.tool = $5) AND ($6::timestamptz IS NULL OR charge.created_at >= $6)
            AND ($7::timestamptz IS NULL OR charge.created_at < $7)
          ORDER BY charge.position DESC LIMIT $8`,
        [orgId, beforePosition, status, tokenId, tool, from, to, limit],
      );
      return rows.map(({ charge }) => charge);
    });
  }

  #ofAll<T>(work: (tx: ClientBase) => Promise<T>): Promise<T> {
    return inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      return work(tx);
    });
  }
}
