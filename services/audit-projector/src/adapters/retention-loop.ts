import type { BusClient } from '@tollgate/bus';
import { auditRemoveEntries, logRead } from '@tollgate/contracts';
import { inTransaction, type ClientBase, type Pool } from '@tollgate/event-log';
import { asProjector, asTenant } from '@tollgate/projection';
import { removalAction } from '@tollgate/proof';
import { Loop } from '@tollgate/runtime';
import { createLogger } from '@tollgate/telemetry';

const everyMs = 2_000;
const dayMs = 86_400_000;
/** Entries of one event at most, so that no batch of the projection takes long. */
const atOnceMax = 10_000;

const logger = createLogger('audit-retention');

interface Due {
  readonly position: number;
  readonly entries: number;
}

/**
 * Asks token-command to record that entries have lost their contents; the projection removes them when it gets that event.
 * Days of the calendar (UTC) go as a whole, so that an organization gets one such event a day at most, unless there is much to remove.
 */
export class RetentionLoop {
  readonly #pool: Pool;
  readonly #bus: BusClient;
  readonly #waitFor: (position: number) => Promise<void>;
  readonly #loop = new Loop({
    everyMs,
    round: (ending) => this.#removeAll(ending),
    onFailure: (err) => logger.warn({ err }, 'retention is tried again'),
  });

  constructor(pool: Pool, bus: BusClient, waitFor: (position: number) => Promise<void>) {
    this.#pool = pool;
    this.#bus = bus;
    this.#waitFor = waitFor;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #removeAll(ending: AbortSignal): Promise<void> {
    const chosen = await this.#chosen();
    if (chosen.length === 0) return;
    // Of the authority: a development clock moves it.
    const { authorityTimeMs } = await this.#bus.call(logRead, { after: 0, limit: 0 });
    const today = Math.floor(authorityTimeMs / dayMs) * dayMs;
    for (const { org, days } of chosen) await this.#removeOf(org, new Date(today - days * dayMs).toISOString(), ending);
  }

  async #removeOf(org: string, before: string, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      const due = await asTenant(this.#pool, org, (tx) => findDue(tx, org, before));
      if (!due) return;
      const { position } = await this.#bus.call(auditRemoveEntries, { org, ...due });
      await this.#waitFor(position);
    }
  }

  async #chosen(): Promise<{ org: string; days: number }[]> {
    const { rows } = await inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      return tx.query<{ org: string; days: number }>(
        'SELECT org_id AS org, days FROM audit.retention WHERE days IS NOT NULL ORDER BY org_id',
      );
    });
    return rows;
  }
}

/** The last of the entries that have contents and are older than a time; null when only removals are. */
async function findDue(tx: ClientBase, org: string, before: string): Promise<Due | null> {
  const { rows } = await tx.query<{ position: number; index: number; removed: number }>(
    `SELECT position, index, (SELECT removed FROM audit.retention WHERE org_id = $1) AS removed
       FROM audit.entries WHERE org_id = $1 AND at < $2 ORDER BY at DESC, index DESC LIMIT 1`,
    [org, before],
  );
  const last = rows[0];
  if (!last) return null;
  const index = Math.min(last.index, last.removed + atOnceMax - 1);
  const found = await tx.query<Due>(
    `SELECT position, index + 1 AS entries FROM audit.entries WHERE org_id = $1 AND index = $2
        AND EXISTS (SELECT FROM audit.entries WHERE org_id = $1 AND index <= $2 AND action <> $3)`,
    [org, index, removalAction],
  );
  return found.rows[0] ?? null;
}
