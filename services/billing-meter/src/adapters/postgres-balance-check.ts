import { Inject, Injectable } from '@nestjs/common';
import type { RecordedBillingEvent } from '@tollgate/contracts';
import { decodeEvent, PostgresEventLog, storedEvent, type EventRow, type Pool } from '@tollgate/event-log';
import { asTenant } from '@tollgate/projection';
import { POOL } from '@tollgate/runtime';
import type { BalanceCheck, BalanceComparison } from '../application/charges/ports.ts';
import { chargeStatusOf, emptyBalance, evolveBalance, isChargeEvent } from '../domain/balance.ts';
import { evolveFacts, nothingPaid, type PaidIn } from '../domain/main-facts.ts';
import { asBillingEvents, billingLog } from './billing-log.ts';
import { balanceOf, type BalanceRow } from './postgres-balances.ts';

const pageSize = 2_000;
/** Charges that differ and are named. */
const namedMax = 20;

/** One statement sees one moment: the balance and its charges belong together. */
const shownQuery = `
  SELECT (SELECT to_jsonb(balance) FROM billing.balances AS balance WHERE org_id = $1) AS balance,
         (SELECT coalesce(array_agg(charge_id || ' ' || status), '{}') FROM billing.charges WHERE org_id = $1) AS charges`;

/** Folds a balance anew from the log, page by page. Of charges, their status stays in memory and no more. */
@Injectable()
export class PostgresBalanceCheck implements BalanceCheck {
  readonly #pool: Pool;
  readonly #main: PostgresEventLog;

  constructor(@Inject(POOL) pool: Pool) {
    this.#pool = pool;
    this.#main = new PostgresEventLog(pool);
  }

  async compare(orgId: string): Promise<BalanceComparison> {
    const { balance, charges } = await asTenant(this.#pool, orgId, async (tx) => {
      const { rows } = await tx.query<{ balance: BalanceRow | null; charges: string[] }>(shownQuery, [orgId]);
      return rows[0]!;
    });
    const shown = balance ? balanceOf(balance) : emptyBalance;
    let folded = emptyBalance;
    const statuses = new Map<string, string>();
    for await (const event of this.#events(orgId, shown.version)) {
      folded = evolveBalance(folded, event);
      if (isChargeEvent(event)) statuses.set(event.data.chargeId, chargeStatusOf(event.type));
    }
    const expected = new Set([...statuses].map(([id, status]) => `${id} ${status}`));
    const found = new Set(charges);
    const differing = [...expected.symmetricDifference(found)].map((text) => text.split(' ')[0]!);
    const named = [...new Set(differing)].slice(0, namedMax);
    return { shown, folded, charges: named, paidIn: await this.#paidIn(orgId, folded.bookedTo) };
  }

  async *#events(orgId: string, upTo: number): AsyncGenerator<RecordedBillingEvent> {
    for (let after = 0; after < upTo; after += pageSize) {
      const { rows } = await this.#pool.query<EventRow>(
        'SELECT * FROM billing_log.events WHERE stream = $1 AND version > $2 AND version <= $3 ORDER BY version',
        [`balance-${orgId}`, after, Math.min(upTo, after + pageSize)],
      );
      yield* asBillingEvents(rows.map((row) => decodeEvent(storedEvent(row), billingLog)));
    }
  }

  async #paidIn(orgId: string, upTo: number): Promise<bigint> {
    let paid: PaidIn = nothingPaid;
    for (const event of await this.#main.readStream(`balance-${orgId}`))
      if (event.version <= upTo) paid = evolveFacts(paid, event) as PaidIn;
    return paid.topUps.reduce((sum, { amountMicros }) => sum + BigInt(amountMicros), 0n);
  }
}
