import { Inject, Injectable } from '@nestjs/common';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { decodeEvent, onNewRun, storedEvent, type EventRow, type Pool } from '@tollgate/event-log';
import { POOL } from '@tollgate/runtime';
import type { FactKey, Facts, MainReader } from '../application/charges/ports.ts';
import { evolveFacts, type FactKind, type MainFacts } from '../domain/main-facts.ts';

type State = MainFacts[FactKind] | null;

/** A stream as far as it was read. */
interface Known {
  version: number;
  state: State;
}

/** Streams that are remembered at most; beyond, all are forgotten and read again as they are needed. */
const streamsMax = 100_000;
/** When more has happened than this, it is cheaper to forget. */
const newsMax = 2_000;

const columns = 'position, id, stream, version, category, type, type_version, org_id, at, data, meta';

/**
 * The head of the log and what came after a position, in one statement: both of one moment. Positions are dense, so they bound
 * what is read; a limit would leave it to the statistics of a young log whether all of it is read.
 */
const newsQuery = `
  SELECT head.position AS head, event.* FROM log.head AS head LEFT JOIN LATERAL (
    SELECT ${columns} FROM log.events WHERE position > $1 AND position <= $1 + ${newsMax + 1} ORDER BY position
  ) AS event ON true`;

const streamsQuery = `
  SELECT (SELECT position FROM log.head) AS head, event.* FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT ${columns} FROM log.events WHERE stream = ANY($1) ORDER BY stream, version) AS event ON true`;

type Row = EventRow & { head: number };

/**
 * Reads the log `main` as a reservation needs it: strictly, and not the same thing twice. The streams that were asked for once
 * stay in memory; a read asks the primary for its head and for what has happened since the last read, mostly nothing.
 */
@Injectable()
export class PostgresMainReader implements MainReader {
  readonly #pool: Pool;
  readonly #known = new Map<string, Known>();
  /** Everything up to here is in what is known. */
  #upTo = -1;
  #clockOffsetMs = 0;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(@Inject(POOL) pool: Pool) {
    this.#pool = pool;
    onNewRun(pool, () => (this.#upTo = -1));
  }

  async read(keys: readonly FactKey[]): Promise<Facts> {
    await this.#news();
    const asked = [...keys];
    for (;;) {
      const missing = new Set(asked.map(streamOf).filter((stream) => !this.#known.has(stream)));
      if (missing.size > 0) await this.#load([...missing]);
      const more = keys.flatMap((key) => this.#behindToken(key)).filter((key) => !this.#known.has(streamOf(key)));
      if (missing.size === 0 && more.length === 0) return this.#sheet(keys);
      asked.push(...more);
    }
  }

  /** Of one moment: nobody waits between the look-ups. */
  #sheet(keys: readonly FactKey[]): Facts {
    const states = new Map<string, State>();
    for (const key of [...keys, ...keys.flatMap((each) => this.#behindToken(each))]) {
      states.set(streamOf(key), this.#known.get(streamOf(key))?.state ?? null);
    }
    return {
      clockOffsetMs: this.#clockOffsetMs,
      of: <K extends FactKind>(kind: K, id: string) => (states.get(`${kind}-${id}`) ?? null) as MainFacts[K] | null,
    };
  }

  #behindToken({ kind, id }: FactKey): FactKey[] {
    if (kind !== 'token') return [];
    const token = this.#known.get(`token-${id}`)?.state as MainFacts['token'] | null | undefined;
    if (!token) return [];
    return [
      { kind: 'account', id: token.accountId },
      { kind: 'product', id: token.product },
    ];
  }

  /** A read never joins one that was sent before it: it begins after whatever its caller knows to have happened. */
  #news(): Promise<void> {
    if (!this.#reading) return (this.#reading = this.#readNews().finally(() => (this.#reading = undefined)));
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#news();
      });
    return this.#next;
  }

  async #readNews(): Promise<void> {
    const upTo = this.#upTo;
    if (upTo < 0) return this.#begin();
    const { rows } = await this.#pool.query<Row>({ name: 'main-news', text: newsQuery, values: [upTo] });
    const { head } = rows[0]!;
    // Maybe an older state of the log, or too much to go through.
    if (this.#upTo !== upTo || head < upTo || rows.length > newsMax) return this.#begin();
    for (const row of rows) if (row.position !== null) this.#take(row);
    this.#upTo = head;
  }

  async #begin(): Promise<void> {
    this.#known.clear();
    const { rows } = await this.#pool.query<Row>(streamsQuery, [['clock-development']]);
    for (const row of rows) if (row.position !== null) this.#take(row);
    this.#upTo = rows[0]!.head;
  }

  async #load(streams: readonly string[]): Promise<void> {
    if (this.#known.size > streamsMax) this.#known.clear();
    const { rows } = await this.#pool.query<Row>({ name: 'main-streams', text: streamsQuery, values: [streams] });
    // What happened after this read was taken and before the last news would be missing.
    if (rows[0]!.head < this.#upTo) return;
    for (const stream of streams) this.#known.set(stream, { version: 0, state: null });
    for (const row of rows) if (row.position !== null) this.#take(row);
  }

  #take(row: Row): void {
    const event: RecordedTollgateEvent = decodeEvent(storedEvent(row));
    if (event.type === 'ClockMoved') this.#clockOffsetMs = event.data.offsetMs;
    const known = this.#known.get(event.stream);
    if (!known || event.version <= known.version) return;
    known.version = event.version;
    known.state = evolveFacts(known.state, event);
  }
}

const streamOf = ({ kind, id }: FactKey): string => `${kind}-${id}`;
