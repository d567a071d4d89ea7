import { randomUUID } from 'node:crypto';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { decideBatch, type LogState } from './batch.ts';
import { checkedRequest, decodeEvent } from './codec.ts';
import type { AppendRequest, AppendResult, EventSource, EventStore, PersonalRow, StreamReader } from './types.ts';

/** The log in memory, for tests of what consumes it: same promises as Postgres, except that nothing lasts. */
export class InMemoryEventLog implements EventSource, EventStore, StreamReader {
  /** Erasable rows in the order of writing. */
  readonly personal: PersonalRow[] = [];
  private readonly id = randomUUID();
  private readonly events: RecordedTollgateEvent[] = [];
  private readonly state: LogState = { head: 0, lastAt: null, versions: new Map(), kept: new Map() };
  private readonly listeners = new Set<(events: readonly RecordedTollgateEvent[]) => void>();

  async append(request: AppendRequest): Promise<AppendResult> {
    const decision = decideBatch([checkedRequest(request)], this.state);
    const outcome = decision.outcomes[0]!;
    if (outcome instanceof Error) throw outcome;
    // What is kept must not change with the objects that the caller holds.
    const recorded = structuredClone(decision.events);
    this.events.push(...recorded);
    this.personal.push(...decision.personal);
    if (recorded.length > 0) for (const listener of this.listeners) listener(recorded);
    return outcome;
  }

  /** Calls `listener` after each append; returns the way to stop that. */
  onAppended(listener: (events: readonly RecordedTollgateEvent[]) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async logId(): Promise<string> {
    return this.id;
  }

  async head(): Promise<number> {
    return this.events.length;
  }

  async read(after: number, limit: number): Promise<RecordedTollgateEvent[]> {
    return this.events.slice(after, after + limit).map((event) => decodeEvent(structuredClone(event)));
  }

  async readStream(stream: string, afterVersion = 0): Promise<RecordedTollgateEvent[]> {
    return this.events
      .filter((event) => event.stream === stream && event.version > afterVersion)
      .map((event) => decodeEvent(structuredClone(event)));
  }

  async readStreams(streams: readonly string[]): Promise<Map<string, RecordedTollgateEvent[]>> {
    const entries = streams.map(async (stream) => [stream, await this.readStream(stream)] as const);
    return new Map(await Promise.all(entries));
  }
}
