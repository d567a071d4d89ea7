import { randomUUID } from 'node:crypto';
import {
  eventTypes,
  UnknownEventError,
  upcast,
  type Catalogue,
  type EventMeta,
  type NewEvent,
  type RecordedEvent,
  type RecordedTollgateEvent,
} from '@tollgate/contracts';
import { asJsonb } from './jsonb.ts';
import { mainLog, type LogDefinition } from './log-definition.ts';
import type { AppendRequest, StreamEvents } from './types.ts';

/** An event as it was written: `data` is of version `typeVersion`, which may be an older one. */
export type StoredEvent = RecordedEvent;

/** A row of `log.events`. */
export interface EventRow {
  position: number;
  id: string;
  stream: string;
  version: number;
  category: string;
  type: string;
  type_version: number;
  org_id: string | null;
  at: string;
  data: unknown;
  meta: EventMeta;
}

/** The row as an event, untouched: what the relay publishes and what a proof is over. */
export function storedEvent(row: EventRow): StoredEvent {
  const {
    type_version: typeVersion,
    org_id: orgId,
    position,
    id,
    stream,
    version,
    category,
    type,
    at,
    data,
    meta,
  } = row;
  return { position, id, stream, version, category, type, typeVersion, orgId, at, data, meta };
}

/**
 * A stored event in the newest shape of its type; `typeVersion` is then the newest version. Decoding twice is harmless.
 * Throws UnknownEventError, naming position and stream, for a type or version that this program doesn't know.
 */
export function decodeEvent(
  stored: StoredEvent,
  { catalogue, upcasts }: Pick<LogDefinition, 'catalogue' | 'upcasts'> = mainLog,
): RecordedTollgateEvent {
  try {
    return { ...stored, ...upcast(stored, catalogue, upcasts) } as RecordedTollgateEvent;
  } catch (error) {
    if ((error as { code?: string }).code !== 'UNKNOWN_EVENT') throw error;
    throw new UnknownEventError(`Position ${stored.position} (${stored.stream}): ${(error as Error).message}`);
  }
}

/** Where an event is to stand. */
export interface EventPlace {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly orgId: string | null;
  readonly at: string;
  readonly meta: EventMeta;
}

/** The event as it will be written at its place. */
export function recordedEvent(
  event: NewEvent,
  place: EventPlace,
  catalogue: Catalogue = eventTypes,
): RecordedTollgateEvent {
  const { type, data } = event;
  const { category, version: typeVersion } = entryOf(type, catalogue);
  const { position, stream, version, orgId, at, meta } = place;
  // 122 random bits, which Node draws for many at once.
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  return { position, id, stream, version, category, type, typeVersion, orgId, at, data, meta } as RecordedTollgateEvent;
}

function entryOf(type: string, catalogue: Catalogue): Catalogue[string] {
  const entry = Object.hasOwn(catalogue, type) ? catalogue[type] : undefined;
  if (!entry) throw new UnknownEventError(`${type} is not in the catalogue`);
  return entry;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * Events as the catalogue wants them, before they are written for ever: unknown fields are left out.
 * Throws for what can only be a mistake in the program: an unknown type, data of another shape, a stream of another
 * category, a time that is not RFC 3339 UTC with milliseconds.
 */
function checkedEvents(
  stream: string,
  at: string,
  events: readonly NewEvent[],
  catalogue: Catalogue = eventTypes,
): NewEvent[] {
  if (!INSTANT.test(at)) throw new Error(`the time ${at} is not RFC 3339 UTC with milliseconds`);
  return events.map(({ type, data }) => {
    const { category, data: schema } = entryOf(type, catalogue);
    if (!stream.startsWith(`${category}-`))
      throw new Error(`${type} belongs in a stream ${category}-…, not in ${stream}`);
    const parsed = schema.safeParse(data);
    if (!parsed.success) throw new Error(`${type} does not have the shape of the catalogue: ${parsed.error.message}`);
    return { type, data: asJsonb(parsed.data) } as NewEvent;
  });
}

/**
 * The request with all its events checked, those of other streams too, and as they will be read. See `checkedEvents`. Each
 * stream stands once.
 */
export function checkedRequest(request: AppendRequest, catalogue: Catalogue = eventTypes): AppendRequest {
  const streams = [request, ...(request.also ?? [])].map(({ stream }) => stream);
  const twice = streams.find((stream, index) => streams.indexOf(stream) !== index);
  if (twice) throw new Error(`the append names ${twice} twice: put its events together`);
  const check = <T extends StreamEvents>(write: T): T => ({
    ...write,
    events: checkedEvents(write.stream, request.at, write.events, catalogue),
  });
  return { ...check(request), meta: asJsonb(request.meta), ...(request.also ? { also: request.also.map(check) } : {}) };
}
