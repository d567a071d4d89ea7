import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { Bus } from '@tollgate/bus';
import { ensureStream, inTransaction, publishChained, type ClientBase, type Pool } from '@tollgate/event-log';
import { asProjector } from '@tollgate/projection';
import type { ProvenRecord } from '@tollgate/proof';
import { type HealthRegistry, Loop } from '@tollgate/runtime';
import { createLogger } from '@tollgate/telemetry';
import type { EntryStream } from '../domain/feed-subject.ts';
import { entryColumns, recordOf, type EntryRow } from './entry-row.ts';

const everyMs = 200;
const retryMs = 1_000;
/** Messages that one acknowledgement is asked for. */
const windowMax = 256;
const ackTimeoutMs = 2_000;

/**
 * Publishes every entry into a stream, in the order of the log, see `publishChained`; what is published again is the same to the
 * byte, and the stream drops it by its id. Whoever holds the row of the position publishes: one process at a time.
 */
export class AuditFeed {
  readonly #into: EntryStream;
  readonly #pool: Pool;
  readonly #nc: Bus['nc'];
  readonly #js: JetStreamClient;
  readonly #logger = createLogger('audit-feed');
  #ready = false;
  /** The id of the last message in the stream; null when that is unknown. */
  #last: { readonly id: string; readonly position: number } | null = null;
  readonly #loop = new Loop({
    everyMs,
    retryMs: () => retryMs,
    round: (ending) => this.#publishAll(ending),
    onFailure: (err) => {
      this.#ready = false;
      this.#last = null;
      this.#logger.warn({ err }, 'publishing failed and is repeated');
    },
  });

  constructor(into: EntryStream, pool: Pool, bus: Bus, health: HealthRegistry) {
    this.#into = into;
    this.#pool = pool;
    this.#nc = bus.nc;
    this.#js = jetstream(bus.nc, { timeout: ackTimeoutMs });
    health.warn(`audit feed ${into.stream}`, () =>
      this.#loop.failure ? 'nothing can be published to JetStream right now' : null,
    );
  }

  /** Once the tables exist. */
  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #publishAll(ending: AbortSignal): Promise<void> {
    if (!this.#ready) await this.#ensureStream();
    while (!ending.aborted && (await this.#publishSome()));
  }

  /** Publishes what fits the window. True: there may be more. */
  #publishSome(): Promise<boolean> {
    return inTransaction(this.#pool, async (tx) => {
      await asProjector(tx);
      const from = await lockPosition(tx, this.#into.stream);
      if (from === null) return false;
      const before = this.#last?.position === from ? this.#last.id : null;
      const records = await readRecords(tx, from, before === null ? 1 : windowMax);
      if (records.length === 0) return false;
      const messages = records.map((record) => this.#into.messageOf(record));
      const added = await publishChained(this.#nc, this.#js, this.#into.stream, messages, before);
      const last = records.at(-1) as ProvenRecord;
      this.#last = added ? last : null;
      if (added)
        await tx.query('UPDATE audit.published SET position = $2 WHERE stream = $1', [
          this.#into.stream,
          last.position,
        ]);
      return true;
    });
  }

  /** Makes the stream. A new one gets everything from the beginning. */
  async #ensureStream(): Promise<void> {
    const { stream, subjects } = this.#into;
    if (!(await ensureStream(this.#js, { name: stream, subjects: [subjects] })))
      await this.#pool.query('UPDATE audit.published SET position = 0 WHERE stream = $1', [stream]);
    this.#ready = true;
  }
}

/** The position up to which all is published; null while another process publishes. */
async function lockPosition(tx: ClientBase, stream: string): Promise<number | null> {
  const text = 'SELECT position FROM audit.published WHERE stream = $1 FOR UPDATE SKIP LOCKED';
  const { rows } = await tx.query<{ position: number }>(text, [stream]);
  return rows[0]?.position ?? null;
}

async function readRecords(tx: ClientBase, after: number, limit: number): Promise<ProvenRecord[]> {
  const { rows } = await tx.query<EntryRow>(
    `SELECT ${entryColumns} FROM audit.entries AS entry WHERE position > $1 ORDER BY position LIMIT $2`,
    [after, limit],
  );
  return rows.map(recordOf);
}
