import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ObservableResult } from '@opentelemetry/api';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { Bus } from '@tollgate/bus';
import { streams, subjects, type BillingCloudEvent } from '@tollgate/contracts';
import { ensureStream, inTransaction, publishChained, type ClientBase, type Pool } from '@tollgate/event-log';
import { BUS, HEALTH, Loop, POOL, type HealthRegistry } from '@tollgate/runtime';
import { createLogger, meter } from '@tollgate/telemetry';
import { LEADERSHIP, type Leadership } from '../application/bookkeeping/ports.ts';
import { cloudEventSubject } from '../domain/cloud-event.ts';
import { readFeed } from './feed-reader.ts';

const everyMs = 200;
const retryMs = 1_000;
/** Messages that one acknowledgement is asked for. */
const windowMax = 256;
const ackTimeoutMs = 2_000;

let publishedTo = 0;
meter
  .createObservableGauge('tollgate_billing_feed_position', {
    description: 'Last position of the billing log in the stream',
  })
  .addCallback((result: ObservableResult) => result.observe(publishedTo));

/**
 * Publishes finance's feed: every event of the billing log, in its order, into the stream `TOLLGATE_BILLING`, see
 * `publishChained`. Goes forward over what was acknowledged; what is published again is the same to the byte, and the stream
 * drops it by its id.
 */
@Injectable()
export class BillingFeed implements OnApplicationShutdown {
  readonly #pool: Pool;
  readonly #leadership: Leadership;
  readonly #nc: Bus['nc'];
  readonly #js: JetStreamClient;
  readonly #logger = createLogger('billing-feed');
  #ready = false;
  /** The id of the last message in the stream; null when that is unknown. */
  #last: string | null = null;
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

  constructor(
    @Inject(POOL) pool: Pool,
    @Inject(BUS) bus: Bus,
    @Inject(LEADERSHIP) leadership: Leadership,
    @Inject(HEALTH) health: HealthRegistry,
  ) {
    this.#pool = pool;
    this.#leadership = leadership;
    this.#nc = bus.nc;
    this.#js = jetstream(bus.nc, { timeout: ackTimeoutMs });
    health.warn('billing feed', () => (this.#loop.failure ? 'nothing can be published to JetStream right now' : null));
  }

  start(): void {
    this.#loop.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #publishAll(ending: AbortSignal): Promise<void> {
    if (await this.#leadership.lead()) while (!ending.aborted && (await this.#publishSome()));
    else this.#last = null;
  }

  /** Publishes what fits the window. True: there may be more. */
  async #publishSome(): Promise<boolean> {
    if (!this.#ready) await this.#ensureStream();
    const from = await this.#position();
    publishedTo = from;
    const limit = this.#last === null ? 1 : windowMax;
    const found = await readFeed(this.#pool, { afterPosition: from, limit });
    if (found.length === 0) return false;
    const messages = found.map(({ event, position, orgId }) => {
      const payload = JSON.stringify(event);
      return { id: event.id, subject: cloudEventSubject(orgId, event), payload, event, position, orgId };
    });
    const added = await publishChained(this.#nc, this.#js, streams.billing, messages, this.#last);
    this.#last = added ? messages.at(-1)!.id : null;
    if (added) await this.#save(messages);
    return true;
  }

  /** Makes the stream. A new one gets everything from the beginning. */
  async #ensureStream(): Promise<void> {
    if (!(await ensureStream(this.#js, { name: streams.billing, subjects: [subjects.billing] })))
      await this.#pool.query('DELETE FROM billing.publisher; DELETE FROM billing.published');
    this.#ready = true;
  }

  async #position(): Promise<number> {
    const { rows } = await this.#pool.query<{ position: number }>('SELECT position FROM billing.publisher');
    return rows[0]?.position ?? 0;
  }

  /** Where the feed stands, and for each organization a digest over everything that it carried. */
  async #save(messages: readonly { orgId: string; position: number; payload: string; event: BillingCloudEvent }[]) {
    await inTransaction(this.#pool, async (tx) => {
      for (const [orgId, own] of Map.groupBy(messages, (message) => message.orgId)) {
        const digest = own.reduce((before, { payload }) => chained(before, payload), await digestOf(tx, orgId));
        await tx.query(
          `INSERT INTO billing.published (org_id, sequence, digest) VALUES ($1, $2, $3)
           ON CONFLICT (org_id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest`,
          [orgId, Number(own.at(-1)!.event.sequence), digest],
        );
      }
      await tx.query(
        `INSERT INTO billing.publisher (position) VALUES ($1)
         ON CONFLICT (singleton) DO UPDATE SET position = excluded.position`,
        [messages.at(-1)!.position],
      );
    });
  }
}

async function digestOf(tx: ClientBase, orgId: string): Promise<string> {
  const { rows } = await tx.query<{ digest: string }>('SELECT digest FROM billing.published WHERE org_id = $1', [
    orgId,
  ]);
  return rows[0]?.digest ?? '';
}

/** The digest over what was carried before and one message more: SHA-256 in hex. */
export function chained(before: string, body: string): string {
  return createHash('sha256').update(before).update(body).digest('hex');
}
