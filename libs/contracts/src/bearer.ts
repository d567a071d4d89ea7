import { statusOf, TollgateError, toProblem } from './errors.ts';
import type { DecisionCode } from './operations/verifier.ts';

/** A decision that is not OK. */
export type RefusedCode = Exclude<DecisionCode, 'OK'>;

/** What the bearer of a token gets to see of a refusal. */
export interface BearerRefusal {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** A problem document. For the same code always the same text, whatever stands behind it. */
  readonly body: string;
}

/** `Authorization: Bearer …` (RFC 6750, 2.1): the token; '' when there is none, or another scheme. */
export function bearerToken(authorization: string | undefined): string {
  return /^Bearer +(.*?) *$/i.exec(authorization ?? '')?.[1] ?? '';
}

const details: Readonly<Record<RefusedCode, string>> = {
  TOKEN_MISSING: 'Send a token as "Authorization: Bearer …".',
  TOKEN_INVALID: 'Send a token that holds. Its owner can look up why this one does not.',
  SCOPE_DENIED: 'Use a token that reaches this space.',
  PERMISSION_DENIED: 'An owner or admin can grant the permission to the account of the token.',
  POLICY_DENIED: 'An owner or admin can change the policy of the team.',
  INSUFFICIENT_BALANCE: 'The balance of the organization has to be topped up first.',
  RATE_LIMITED: 'Call again later.',
  UNDECIDABLE: 'Nothing can be decided right now. Try again shortly.',
};

/** RFC 6750, 3 and 3.1. Without `error` when no token came: the client just did not know that one is needed. */
const challenges: Partial<Record<RefusedCode, string>> = {
  TOKEN_MISSING: 'Bearer',
  TOKEN_INVALID: 'Bearer error="invalid_token"',
  SCOPE_DENIED: 'Bearer error="insufficient_scope"',
};

const refusals = Object.fromEntries(
  (Object.keys(details) as RefusedCode[]).map((code) => [code, refusalOf(code)]),
) as unknown as Readonly<Record<RefusedCode, BearerRefusal>>;

/**
 * Refuses the bearer of a token. It learns the code, which for whatever is wrong with the token itself is TOKEN_INVALID;
 * never the reason.
 */
export function bearerRefusal(code: RefusedCode): BearerRefusal {
  return refusals[code];
}

function refusalOf(code: RefusedCode): BearerRefusal {
  const challenge = challenges[code];
  return {
    status: statusOf(code),
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(code === 'UNDECIDABLE' || code === 'RATE_LIMITED' ? { 'retry-after': '1' } : {}),
    },
    body: JSON.stringify(toProblem(new TollgateError(code, details[code]))),
  };
}
