import {
  bearerRefusal,
  bearerToken,
  isTollgateError,
  statusOf,
  toProblem,
  type BearerRefusal,
  type Decision,
  type RefusedCode,
  type VerifyRequest,
} from '@tollgate/contracts';
import type { TokenVerifier } from '../token-verifier.ts';

/** What a call needs besides a token that holds: space, resource, operation, tool … Never taken from what a client could forge. */
export type Wishes = Omit<VerifyRequest, 'token'>;

export interface GuardOptions<Request> {
  readonly verifier: TokenVerifier;
  /** Asked for each request; without it any token that holds passes. */
  readonly wishes?: (request: Request) => Wishes | Promise<Wishes>;
}

/** Who calls: the token behind a request, as Tollgate knows it. */
export type TokenPrincipal = Required<
  Pick<Decision, 'tokenId' | 'orgId' | 'account' | 'scope' | 'spaces' | 'teamId' | 'expiresAt'>
>;

export type BearerOutcome =
  | { readonly principal: TokenPrincipal; readonly refusal?: never }
  | { readonly principal?: never; readonly refusal: BearerRefusal };

/**
 * Decides on the bearer token of a request. What cannot be decided is refused with 503; a request that makes no sense, such as one
 * without the space that a multi-space token needs, with 400. Throws for what is wrong with the guard's own set-up.
 * @param authorization the header of that name
 */
export async function checkBearer(
  verifier: TokenVerifier,
  authorization: string | undefined,
  wishes: Wishes,
): Promise<BearerOutcome> {
  try {
    const decision = await verifier.verify({ ...wishes, token: bearerToken(authorization) });
    if (!decision.valid) return { refusal: bearerRefusal(decision.code as RefusedCode) };
    const { tokenId, orgId, account, scope, spaces, teamId, expiresAt } = decision as Decision & TokenPrincipal;
    return { principal: { tokenId, orgId, account, scope, spaces, teamId, expiresAt } };
  } catch (error) {
    if (!isTollgateError(error)) throw error;
    const status = statusOf(error.code);
    if (status === 503) return { refusal: bearerRefusal('UNDECIDABLE') };
    if (status !== 400) throw error;
    return {
      refusal: {
        status,
        headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
        body: JSON.stringify(toProblem(error)),
      },
    };
  }
}
