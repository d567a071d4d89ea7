import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import { subjects, type BalanceReport } from '@tollgate/contracts';
import { BUS, Loop } from '@tollgate/runtime';
import { createLogger } from '@tollgate/telemetry';
import { LEADERSHIP, type Leadership } from '../application/bookkeeping/ports.ts';
import type { BalanceNews } from '../application/charges/ports.ts';
import { PostgresBalances } from './postgres-balances.ts';

/** Balances that moved are told together, this often. */
const everyMs = 100;
/** All of them are told this often, for verifiers that missed something. */
const allEveryMs = 30_000;
/** Whoever asks for all waits no longer than this, and many who ask are answered together. */
const askedEveryMs = 1_000;
const pageSize = 2_000;

/**
 * Tells verifiers what is available, so that they turn calls away that the reservation would turn away. Over core NATS, late
 * and at most once: a hint. Each process tells of the balances it wrote.
 */
@Injectable()
export class BalancePublisher implements BalanceNews, OnApplicationShutdown {
  readonly #bus: Bus;
  readonly #balances: PostgresBalances;
  readonly #leadership: Leadership;
  readonly #logger = createLogger('balances');
  #moved = new Map<string, bigint>();
  #asked = true;
  #toldAllMs = -Infinity;
  readonly #loop = new Loop({
    everyMs,
    round: () => this.#tell(),
    onFailure: (err) => {
      // Who asked for all asks once, and what had moved may be lost: all are told again.
      this.#asked = true;
      this.#logger.warn({ err }, 'verifiers could not be told of balances');
    },
  });

  constructor(@Inject(BUS) bus: Bus, @Inject(LEADERSHIP) leadership: Leadership, balances: PostgresBalances) {
    this.#bus = bus;
    this.#balances = balances;
    this.#leadership = leadership;
  }

  moved(orgId: string, available: bigint): void {
    this.#moved.set(orgId, available);
  }

  /** Once the read models are there. */
  start(): void {
    this.#bus.subscribe(subjects.balancesAsk, () => (this.#asked = true));
    this.#loop.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #tell(): Promise<void> {
    const sinceMs = performance.now() - this.#toldAllMs;
    if (sinceMs > allEveryMs || (this.#asked && sinceMs > askedEveryMs)) {
      this.#asked = false;
      this.#toldAllMs = performance.now();
      if (await this.#leadership.lead()) await this.#tellAll();
    }
    this.#tellMoved();
  }

  async #tellAll(): Promise<void> {
    for (let after = '', part = 0; ; part += 1) {
      const balances = await this.#balances.available(after, pageSize);
      const last = balances.length < pageSize;
      this.#publish({ balances, all: { part, last } });
      if (last) return;
      after = balances.at(-1)!.orgId;
    }
  }

  #tellMoved(): void {
    if (this.#moved.size === 0 || !this.#bus.connected) return;
    const moved = this.#moved;
    this.#moved = new Map();
    const balances = [...moved].map(([orgId, available]) => ({ orgId, availableMicros: String(available) }));
    for (let start = 0; start < balances.length; start += pageSize)
      this.#publish({ balances: balances.slice(start, start + pageSize), all: null });
  }

  #publish(report: BalanceReport): void {
    this.#bus.publish(subjects.balances, report);
  }
}
