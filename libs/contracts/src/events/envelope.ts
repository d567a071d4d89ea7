import { z } from 'zod';

/** Who did it, as the authenticated caller. Names are joined at read: an event never holds one. */
export const ActorSchema = z.object({
  type: z.enum(['account', 'token', 'operator', 'service', 'system']),
  id: z.string(),
});
export type Actor = z.infer<typeof ActorSchema>;

/** Where an event came from. No personal data: the request context (IP, user agent) is a salted commitment. */
export const EventMetaSchema = z.object({
  actor: ActorSchema,
  /** One per request at the edge; all that follows from it carries the same. */
  correlationId: z.string(),
  /** The request or event that caused this one. */
  causationId: z.string(),
  /** Key of the erasable row with IP and user agent; null when no outside request stands behind the event. */
  requestId: z.string().nullable(),
  /** Base64 SHA-256 over salt and request context; the salt lies in the erasable row. */
  contextCommitment: z.string().nullable(),
  /** W3C trace context of the appending span. */
  traceparent: z.string().nullable(),
});
export type EventMeta = z.infer<typeof EventMetaSchema>;

/** An event as decided, before it has a place in the log. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** An event in its place. `data` is of the newest version of `type`: older ones are upcast when they are read. */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  /** 1, 2, 3 … without holes, in commit order. */
  readonly position: number;
  /** `evt_` + 32 hex, unique for ever. */
  readonly id: string;
  /** `token-tok_…`: category and id. */
  readonly stream: string;
  /** Place in the stream: 1, 2, 3 … */
  readonly version: number;
  readonly category: string;
  readonly type: Type;
  readonly typeVersion: number;
  /** null for what belongs to the platform: products, prices, the development clock. */
  readonly orgId: string | null;
  /** Authority time, RFC 3339 UTC with milliseconds; never before the event at the position before. */
  readonly at: string;
  readonly data: Data;
  readonly meta: EventMeta;
}

/** Headers of a message in `TOLLGATE_EVENTS`. */
export const eventHeaders = {
  position: 'Tollgate-Position',
  previous: 'Tollgate-Previous',
  /** To the services alone: the id of the event before, by which a feed knows that it is of the same history. */
  previousId: 'Tollgate-Previous-Id',
  logId: 'Tollgate-Log',
} as const;
