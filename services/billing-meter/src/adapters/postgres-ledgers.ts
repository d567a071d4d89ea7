import type { Pool } from '@tollgate/event-log';
import type { Ledger, Ledgers, SeatsPage } from '../application/ports.ts';
import type { SeatPrice } from '../domain/price-list.ts';
import { instant, seatColumns, seatFromJson } from './seat-columns.ts';
import type { PlanSince, Subscriber } from '../domain/subscriber.ts';

type Terms = Subscriber['billing'];
type LedgerRow = Omit<Subscriber, 'billing'> & Omit<Ledger, 'subscriber'> & Terms & { plans: PlanSince[] };

/**
 * Everything in one statement: it sees one moment, and while a rebuild switches the views it sees either the old tables or
 * the new ones. Prices in other currencies never apply and stay away.
 */
const ledgerQuery = `
  SELECT org.org_id AS "orgId", org.currency, org.time_zone AS "timeZone", org.anchor,
         org.billing_interval AS "interval", org.policy,
         (SELECT jsonb_agg(jsonb_build_object('plan', plan, 'since', since, 'id', event_id,
                   'position', position, 'type', event_type) ORDER BY position)
            FROM billing.plans WHERE org_id = org.org_id) AS plans,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('product', product, 'plan', plan, 'scope', scope,
                   'currency', price.currency, 'amount', amount, 'effectiveFrom', effective_from, 'id', event_id,
                   'position', position)), '[]')
            FROM billing.prices AS price WHERE price.currency IS NULL OR price.currency = org.currency) AS prices,
         coalesce((SELECT offset_ms FROM billing.clock), 0) AS "clockOffsetMs",
         (SELECT coalesce(jsonb_agg(to_jsonb(page) ORDER BY "openedPosition"), '[]')
            FROM (SELECT ${seatColumns} FROM billing.seats AS seat WHERE seat.org_id = org.org_id AND opened_position > $2
                   ORDER BY opened_position LIMIT $3) AS page) AS seats
    FROM billing.subscribers AS org
   WHERE org.org_id = $1`;

/** Reads the views of the projection `seats`. */
export class PostgresLedgers implements Ledgers {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async find(orgId: string, page: SeatsPage = { afterPosition: 0, limit: 0 }): Promise<Ledger | null> {
    const { rows } = await this.#pool.query<LedgerRow>(ledgerQuery, [orgId, page.afterPosition, page.limit]);
    return rows[0] ? ledgerOf(rows[0]) : null;
  }
}

function ledgerOf(row: LedgerRow): Ledger {
  const { orgId, currency, timeZone, anchor, interval, policy, clockOffsetMs } = row;
  const plans = row.plans.map((plan): PlanSince => ({ ...plan, since: instant(plan.since) }));
  return {
    subscriber: { orgId, currency, timeZone, billing: { anchor, interval, policy }, plans },
    prices: row.prices.map((price): SeatPrice => ({ ...price, effectiveFrom: instant(price.effectiveFrom) })),
    clockOffsetMs,
    seats: row.seats.map(seatFromJson),
  };
}
