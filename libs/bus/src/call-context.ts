import type { Principal } from '@tollgate/identity';

/** What a handler learns about the call besides its input. It holds no credential. */
export interface CallContext {
  /** null for internal operations and for operations open to every `caller`. */
  readonly principal: Principal | null;
  /** One per request at the edge; the receiver makes one up when none came. */
  readonly requestId: string;
  /** As the gateway saw it; null when the call did not come over HTTP. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** 1 to 200 visible ASCII characters. */
  readonly idempotencyKey: string | null;
  /** The version that `If-Match` names; null means no condition. */
  readonly ifMatch: number | null;
  /** W3C trace context of the span in which the handler runs. */
  readonly traceparent: string | null;
}

/** Names of the headers on the bus, as the gateway sets them and the receiver reads them. */
export const callHeaders = {
  authorization: 'Authorization',
  idempotencyKey: 'Idempotency-Key',
  ifMatch: 'If-Match',
  requestId: 'Tollgate-Request-Id',
  clientIp: 'Tollgate-Client-Ip',
  userAgent: 'Tollgate-User-Agent',
} as const;
