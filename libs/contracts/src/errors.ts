/**
 * Every refusal has one of these codes. A code is stable: clients branch on it, so it is never renamed.
 * The HTTP status is written here once; the domain and the services name codes only.
 */
export const errorCodes = {
  // 400: the shape is wrong
  INVALID_INPUT: { status: 400, title: 'The input does not have the expected shape.' },
  INVALID_JSON: { status: 400, title: 'The body is not valid JSON.' },
  INVALID_CURSOR: { status: 400, title: 'The cursor was not issued by this list.' },
  SPACE_REQUIRED: { status: 400, title: 'A multi-space token with a resource needs a space.' },
  // 401, 403, 404: who are you, you may not, not there for you
  UNAUTHENTICATED: { status: 401, title: 'The request carries no valid JWT.' },
  FORBIDDEN: { status: 403, title: 'The caller may not do this.' },
  NOT_FOUND: { status: 404, title: 'There is no such thing for this caller.' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route.' },
  TOKENS_ARE_REVOKED_NOT_DELETED: { status: 405, title: 'Tokens are revoked, not deleted.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This route does not have that method.' },
  // 409, 412: the state does not allow it
  CONFLICT: { status: 409, title: 'Another change came first.' },
  TOKEN_REVOKED: { status: 409, title: 'The token is revoked, and that is final.' },
  TOKEN_EXPIRED: { status: 409, title: 'The token has expired, and that is final.' },
  ACCOUNT_DEACTIVATED: { status: 409, title: 'The account is deactivated.' },
  MANAGED_TOKEN: { status: 409, title: 'The token belongs to a managed agent and is not changed by hand.' },
  DIGEST_IN_USE: { status: 409, title: 'A token with this digest exists already.' },
  ACCOUNT_ACTIVE: { status: 409, title: 'The account is active still.' },
  ALREADY_EXISTS: { status: 409, title: 'It exists already.' },
  CHARGE_CLOSED: { status: 409, title: 'The charge has been captured, released or declined, and that is final.' },
  VERSION_MISMATCH: { status: 412, title: 'The resource has changed since that version.' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be application/json.' },
  // 422: a rule is broken
  BILLING_NOT_ACKNOWLEDGED: { status: 422, title: 'Creating a token opens a seat, which must be acknowledged.' },
  EXPIRY_IN_PAST: { status: 422, title: 'The expiry lies in the past.' },
  SCOPE_IMMUTABLE: { status: 422, title: 'Scope and product of a token never change.' },
  LAST_OWNER: { status: 422, title: 'An organization keeps at least one owner.' },
  UNKNOWN_REFERENCE: { status: 422, title: 'The input names something that does not exist in this organization.' },
  ENVIRONMENT_UNKNOWN: { status: 422, title: 'The product has no such environment.' },
  NOT_A_MEMBER: { status: 422, title: 'The account is not a member of that space.' },
  PUBLIC_KEY_UNUSABLE: { status: 422, title: 'The public key cannot be used to seal a secret.' },
  CLOCK_MOVES_FORWARD_ONLY: { status: 422, title: 'The development clock moves forward only.' },
  PRICE_MISSING: { status: 422, title: 'There is no price for that at that time.' },
  PRICE_IN_PAST: { status: 422, title: 'A price never changes what was billed, so it begins now or later.' },
  MCP_URL_MISSING: { status: 422, title: 'No MCP server is known for the token.' },
  SECRET_IN_RECORD: { status: 422, title: 'A record holds the secret of a token.' },
  CHARGE_ID_REUSED: { status: 422, title: 'The id of the charge was used with another request.' },
  AMOUNT_EXCEEDS_RESERVATION: { status: 422, title: 'No more is captured than was reserved.' },
  REFERENCE_REUSED: { status: 422, title: 'The reference was used for another top-up.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used with another request.' },
  // 503: cannot decide or serve right now
  READ_MODEL_BEHIND: { status: 503, title: 'The read model has not reached that position yet.' },
  SERVICE_UNAVAILABLE: { status: 503, title: 'A server that is needed cannot be reached right now.' },
  UNDECIDABLE: { status: 503, title: 'The verifier cannot decide right now.' },
  // decisions, where a status speaks: what the bearer of a token and whoever guards a route with it get to see
  TOKEN_MISSING: { status: 401, title: 'The request carries no token.' },
  TOKEN_INVALID: { status: 401, title: 'The token does not hold.' },
  SCOPE_DENIED: { status: 403, title: 'The token does not reach that space.' },
  PERMISSION_DENIED: { status: 403, title: 'The account of the token may not do this there.' },
  POLICY_DENIED: { status: 403, title: "The policy of the token's team does not allow this." },
  INSUFFICIENT_BALANCE: { status: 402, title: 'The balance does not cover the call.' },
  SPENDING_CAP_EXCEEDED: { status: 402, title: 'The token has spent what it may in this period.' },
  TOKEN_NOT_LIVE: { status: 402, title: 'The token does not hold, so nothing is charged to its organization.' },
  RATE_LIMITED: { status: 429, title: 'There were too many calls.' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side.' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** What every object has (`constructor`) is no code, whoever sends it. */
const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCodes, code);

/** One wrong place in the input: `path` in the manner of `scope.spaceId` or `tokens[3].digest`. */
export interface InputError {
  path: string;
  message: string;
}

/** The body of every refusal: RFC 9457 `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  errors?: InputError[];
  requestId?: string;
}

/**
 * A refusal. `detail` tells its reader what to do next and never holds a secret.
 * Test `error.code`, not `instanceof`: errors cross process and realm boundaries.
 */
export class TollgateError extends Error {
  readonly code: ErrorCode;
  readonly errors: InputError[] | undefined;

  constructor(code: ErrorCode, detail: string, errors?: InputError[], options?: ErrorOptions) {
    super(detail, options);
    this.name = 'TollgateError';
    this.code = code;
    this.errors = errors;
  }
}

/** True for a TollgateError of any realm, and for one code if `code` is given. */
export function isTollgateError(error: unknown, code?: ErrorCode): error is TollgateError {
  if (!(error instanceof Object) || (error as Error).name !== 'TollgateError') return false;
  const found = (error as TollgateError).code;
  return isErrorCode(found) && (code === undefined || found === code);
}

/** The HTTP status of a code. */
export function statusOf(code: ErrorCode): number {
  return errorCodes[code].status;
}

/** The problem document of any error. What is not a TollgateError says nothing of itself: it becomes `INTERNAL`. */
export function toProblem(error: unknown, requestId?: string): Problem {
  const known = isTollgateError(error);
  const code: ErrorCode = known ? error.code : 'INTERNAL';
  const { status, title } = errorCodes[code];
  return {
    type: `https://tollgate.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    code,
    detail: known ? error.message : 'The request failed. Its requestId finds the cause in the service logs.',
    ...(known && error.errors ? { errors: error.errors } : {}),
    ...(requestId ? { requestId } : {}),
  };
}

/** The TollgateError that a problem document describes, for clients of the bus and of HTTP. */
export function fromProblem(problem: Problem): TollgateError {
  const code: ErrorCode = isErrorCode(problem.code) ? problem.code : 'INTERNAL';
  return new TollgateError(code, problem.detail, problem.errors);
}
