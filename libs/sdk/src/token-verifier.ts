import type { Decision, VerifyRequest } from '@tollgate/contracts';

/** Whatever decides on tokens: a `TollgateClient` (over HTTP or NATS) or an embedded verifier. */
export interface TokenVerifier {
  /**
   * The decision on one request. Throws UNDECIDABLE or SERVICE_UNAVAILABLE when there is none: then the token counts as refused. Throws
   * INVALID_INPUT and SPACE_REQUIRED when the request makes no sense.
   */
  verify(request: VerifyRequest): Promise<Decision>;
}
