import type pg from 'pg';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { decodeEvent, storedEvent, type EventRow, type StoredEvent } from './codec.ts';
import { groupReads } from './group-reads.ts';
import { mainLog, type LogDefinition } from './log-definition.ts';
import type { EventSource, StreamReader } from './types.ts';
import { unavailable } from './unavailable.ts';

const COLUMNS = 'position, id, stream, version, category, type, type_version, org_id, at, data, meta';

/** Reads a log in Postgres. Needs SELECT on its `events` and `head` only. */
export class PostgresEventLog implements EventSource, StreamReader {
  private readonly pool: pg.Pool;
  private readonly log: LogDefinition;

  /** @param pool of `createPool`, which has the type parsers this class relies on */
  constructor(pool: pg.Pool, log: LogDefinition = mainLog) {
    this.pool = pool;
    this.log = log;
  }

  /** Asked every time, so that another database under the same URL is noticed. */
  async logId(): Promise<string> {
    return (await this.headRow()).log_id;
  }

  async head(): Promise<number> {
    return (await this.headRow()).position;
  }

  async read(after: number, limit: number): Promise<RecordedTollgateEvent[]> {
    return (await this.readStored(after, limit)).map((stored) => this.decode(stored));
  }

  /** Events as they were written, not upcast: for whoever passes them on or proves them. */
  async readStored(after: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.query<EventRow>('read', `WHERE position > $1 ORDER BY position LIMIT $2`, [after, limit]);
    return rows.map(storedEvent);
  }

  async readStream(stream: string, afterVersion = 0): Promise<RecordedTollgateEvent[]> {
    const rows = await this.query<EventRow>('read-stream', 'WHERE stream = $1 AND version > $2 ORDER BY version', [
      stream,
      afterVersion,
    ]);
    return rows.map((row) => this.decode(storedEvent(row)));
  }

  /** See `groupReads`. The events are shared by everybody who asked for a stream at the same time. */
  readonly readStreams = groupReads((streams: readonly string[]) => this.loadStreams(streams));

  private async loadStreams(streams: readonly string[]): Promise<Map<string, RecordedTollgateEvent[]>> {
    const found = new Map<string, RecordedTollgateEvent[]>(streams.map((stream) => [stream, []]));
    const rows = await this.query<EventRow>('read-streams', 'WHERE stream = ANY($1) ORDER BY stream, version', [
      [...found.keys()],
    ]);
    for (const row of rows) found.get(row.stream)!.push(this.decode(storedEvent(row)));
    return found;
  }

  private decode(stored: StoredEvent): RecordedTollgateEvent {
    return decodeEvent(stored, this.log);
  }

  private async query<Row extends pg.QueryResultRow>(name: string, where: string, values: unknown[]): Promise<Row[]> {
    const text = `SELECT ${COLUMNS} FROM ${this.log.schema}.events ${where}`;
    try {
      return (await this.pool.query<Row>({ name: `${this.log.schema}-${name}`, text, values })).rows;
    } catch (error) {
      throw unavailable(error);
    }
  }

  private async headRow(): Promise<{ log_id: string; position: number }> {
    try {
      const { rows } = await this.pool.query({
        name: `${this.log.schema}-head`,
        text: `SELECT log_id, position FROM ${this.log.schema}.head`,
      });
      return rows[0] as { log_id: string; position: number };
    } catch (error) {
      throw unavailable(error);
    }
  }
}
