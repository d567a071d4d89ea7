import type { EventMeta, NewEvent, RecordedTollgateEvent } from '@tollgate/contracts';

/** A log to read from. Positions are dense: after position n comes n + 1, and nothing appears before what was read. */
export interface EventSource {
  /** Names the log for ever; another database has another id. */
  logId(): Promise<string>;
  /** The position of the last event; 0 for an empty log. */
  head(): Promise<number>;
  /**
   * Events after a position, in order, at most `limit` of them. May return fewer than there are (a page that fits a
   * message), and none only if there is nothing after `after`.
   */
  read(after: number, limit: number): Promise<RecordedTollgateEvent[]>;
}

/** Reads whole streams, to fold the state that a command decides on. */
export interface StreamReader {
  /** Events of one stream after a version, in order. */
  readStream(stream: string, afterVersion?: number): Promise<RecordedTollgateEvent[]>;
  /** Events per stream, all of one moment. A stream without events has an empty list. */
  readStreams(streams: readonly string[]): Promise<Map<string, RecordedTollgateEvent[]>>;
}

/** Appends to a log. See `AppendRequest`. */
export interface EventStore {
  /**
   * Throws TollgateError: CONFLICT when the expected version or a guard lost (the caller reads again and decides again),
   * ALREADY_EXISTS when a person's external subject is taken, SERVICE_UNAVAILABLE when the log can't be reached or it is
   * unknown whether the commit happened (the caller may repeat with the same idempotency key).
   */
  append(request: AppendRequest): Promise<AppendResult>;
}

/**
 * The version of the stream that a decision rests on; 0 for a new stream. `any` where nothing was decided: the events go to the end
 * of the stream, wherever that is.
 */
export type ExpectedVersion = number | 'any';

export interface AppendRequest {
  /** `token-tok_…`: category and id, joined by the first dash. */
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  /** null for what belongs to the platform. */
  readonly orgId: string | null;
  /** In the shape of the catalogue. May be empty, to keep an idempotency key for a command that changes nothing. */
  readonly events: readonly NewEvent[];
  /** Where `traceparent` is null, the appending span's is recorded. */
  readonly meta: EventMeta;
  /** Authority time, RFC 3339 UTC with milliseconds. Recorded as it is, or as the time of the last event if that is later. */
  readonly at: string;
  /** Events of other streams, written with these or not at all: a conflict on any of them refuses the whole append. */
  readonly also?: readonly StreamEvents[];
  /** Other streams the decision rests on, with the versions that were read. */
  readonly guards?: readonly Guard[];
  readonly idempotency?: Idempotency;
  /** Erasable rows, written in the same transaction. */
  readonly personal?: readonly PersonalRow[];
}

/** What an append adds to one stream. */
export interface StreamEvents {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly NewEvent[];
}

export interface Guard {
  readonly stream: string;
  readonly version: number;
}

/** A key is unique per organization, caller and operation. */
export interface Idempotency {
  /** null for the platform. */
  readonly orgId: string | null;
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
  /** Hash of the request, to tell a repetition from another request under the same key. */
  readonly requestHash: string;
  /** The JSON answer to keep, made once the events have their places. Never put a secret into it. */
  answer(positions: readonly number[], events: readonly RecordedTollgateEvent[]): unknown;
}

export type PersonalRow = PersonRow | RequestRow;

export interface PersonRow {
  readonly table: 'people';
  readonly accountId: string;
  readonly orgId: string;
  readonly name: string;
  readonly email: string | null;
  /** The `sub` of an outside issuer; unique per organization. */
  readonly externalSubject: string | null;
}

/** The context of a request. One request may append several times: its first row stays. */
export interface RequestRow {
  readonly table: 'requests';
  readonly requestId: string;
  readonly orgId: string | null;
  readonly accountId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly salt: string;
}

export type AppendResult = Appended | Replayed;

export interface Appended {
  readonly replayed: false;
  /** One per event, ascending and adjacent. */
  readonly positions: readonly number[];
  /** The new version of the append's own stream. */
  readonly version: number;
  /** Those of the append's own stream, then those of `also`. */
  readonly events: readonly RecordedTollgateEvent[];
}

/** The idempotency key was used before: nothing was written. The caller compares `requestHash` (422) or answers `replay`. */
export interface Replayed {
  readonly replayed: true;
  readonly replay: unknown;
  readonly requestHash: string;
  /** Position of the last event of the first answer (the head of that time if it had none). */
  readonly position: number;
}
