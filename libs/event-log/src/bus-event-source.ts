import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { decodeEvent, type StoredEvent } from './codec.ts';
import type { EventSource } from './types.ts';

/** Answer of the internal operation `log.read`. */
export interface LogPage {
  readonly logId: string;
  readonly head: number;
  readonly events: readonly unknown[];
}

/** Reads the log through an operation, for services without Postgres. */
export class BusEventSource implements EventSource {
  private readonly call: (input: { after: number; limit: number }) => Promise<LogPage>;

  /** @param call calls `log.read`: `(input) => client.call(logRead, input)` */
  constructor(call: (input: { after: number; limit: number }) => Promise<LogPage>) {
    this.call = call;
  }

  async logId(): Promise<string> {
    return (await this.call({ after: 0, limit: 0 })).logId;
  }

  async head(): Promise<number> {
    return (await this.call({ after: 0, limit: 0 })).head;
  }

  async read(after: number, limit: number): Promise<RecordedTollgateEvent[]> {
    const { events } = await this.call({ after, limit });
    // The server's catalogue may be older than ours: it upcast as far as it knew, and this goes on from there.
    return events.map((event) => decodeEvent(event as StoredEvent));
  }
}

/**
 * One page of a log, for whoever serves `log.read`: at most `limit` events and about `bytesMax` bytes of JSON, but always
 * one event if there is one. The head is read last, so it is never behind the events.
 */
export async function readPage(
  source: EventSource,
  { after, limit }: { after: number; limit: number },
  bytesMax = 512 * 1024,
): Promise<{ logId: string; head: number; events: RecordedTollgateEvent[] }> {
  const found = limit > 0 ? await source.read(after, limit) : [];
  let bytes = 0;
  const cut = found.findIndex(
    (event, index) => (bytes += Buffer.byteLength(JSON.stringify(event))) > bytesMax && index > 0,
  );
  const events = cut === -1 ? found : found.slice(0, cut);
  return { logId: await source.logId(), head: await source.head(), events };
}
