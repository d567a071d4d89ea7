import type { ObservableResult } from '@opentelemetry/api';
import { TollgateError } from '@tollgate/contracts';
import { inTransaction, type Pool } from '@tollgate/event-log';
import { asProjector, asTenant } from '@tollgate/projection';
import type { HealthRegistry } from '@tollgate/runtime';
import { meter } from '@tollgate/telemetry';
import type { Witness } from '../application/ports.ts';

/** Keeps what the witness says beside the checkpoints. */
export class PostgresWitness implements Witness {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async key(): Promise<string | null> {
    const { rows } = await this.#pool.query<{ key: string }>('SELECT key FROM audit.witness');
    return rows[0]?.key ?? null;
  }

  async line(orgId: string, size: number): Promise<string | null> {
    const text = 'SELECT line FROM audit.cosignatures WHERE org_id = $1 AND size = $2';
    const { rows } = await asTenant(this.#pool, orgId, (tx) => tx.query<{ line: string }>(text, [orgId, size]));
    return rows[0]?.line ?? null;
  }

  async cosigned(key: string, orgId: string, size: number, line: string): Promise<void> {
    await this.#requireKey(key);
    await asTenant(this.#pool, orgId, async (tx) => {
      // A report is repeated until it is answered; the first cosignature of a size stays.
      await tx.query(
        'INSERT INTO audit.cosignatures (org_id, size, line) VALUES ($1, $2, $3) ON CONFLICT (org_id, size) DO NOTHING',
        [orgId, size, line],
      );
      await tx.query('DELETE FROM audit.refusals WHERE org_id = $1', [orgId]);
    });
  }

  async refused(key: string, orgId: string, reason: string): Promise<void> {
    await this.#requireKey(key);
    const text = `INSERT INTO audit.refusals (org_id, reason) VALUES ($1, $2)
                  ON CONFLICT (org_id) DO UPDATE SET reason = excluded.reason`;
    await asTenant(this.#pool, orgId, (tx) => tx.query(text, [orgId, reason]));
  }

  /** Every tree that the witness refuses, with its reason. */
  async refusals(): Promise<string[]> {
    const { rows } = await inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      return tx.query<{ tree: string; reason: string }>(
        'SELECT org_id AS tree, reason FROM audit.refusals ORDER BY at, org_id',
      );
    });
    return rows.map(({ tree, reason }) => `${tree} is refused: ${reason}`);
  }

  async #requireKey(key: string): Promise<void> {
    await this.#pool.query('INSERT INTO audit.witness (key) VALUES ($1) ON CONFLICT (singleton) DO NOTHING', [key]);
    if ((await this.key()) === key) return;
    throw new TollgateError(
      'FORBIDDEN',
      'Another witness reported here before. An operator who has replaced it deletes the row of audit.witness.',
    );
  }
}

const everyMs = 1_000;

/** Shows refusals of the witness, whichever process was told: as a warning in `/readyz` and as a metric. */
export function watchRefusals(witness: PostgresWitness, health: HealthRegistry): () => void {
  let known: readonly string[] = [];
  const look = () =>
    witness.refusals().then(
      (refusals) => (known = refusals),
      () => undefined, // The check of the database says so.
    );
  health.warn('audit witness', () => known);
  meter
    .createObservableGauge('tollgate_audit_witness_refusals', {
      description: 'Trees whose checkpoints the witness refuses to cosign, because they contradict what it has seen',
    })
    .addCallback((result: ObservableResult) => result.observe(known.length));
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => clearInterval(timer);
}
