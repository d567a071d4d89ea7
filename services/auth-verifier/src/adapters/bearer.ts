import { errorCodes, type DecisionCode, type Problem } from '@tollgate/contracts';
import type { FastifyReply } from '@tollgate/runtime';

/** A decision that is not OK. */
export type RefusedCode = Exclude<DecisionCode, 'OK'>;

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

/** Bodies are made once: for the same code every bearer gets the same bytes, whatever stands behind it. */
const bodies = Object.fromEntries(
  (Object.keys(details) as RefusedCode[]).map((code) => {
    const { status, title } = errorCodes[code];
    const type = `https://tollgate.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`;
    const problem: Problem = { type, title, status, code, detail: details[code] };
    return [code, Buffer.from(JSON.stringify(problem))];
  }),
) as unknown as Readonly<Record<RefusedCode, Buffer>>;

/**
 * Refuses the bearer of a token. It learns the code, which for whatever is wrong with the token itself is TOKEN_INVALID;
 * never the reason.
 * @param status in place of the code's own
 */
export function refuseBearer(reply: FastifyReply, code: RefusedCode, status: number = errorCodes[code].status): void {
  const challenge = challenges[code];
  if (challenge !== undefined) void reply.header('www-authenticate', challenge);
  if (code === 'UNDECIDABLE' || code === 'RATE_LIMITED') void reply.header('retry-after', '1');
  void reply
    .code(status)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/problem+json')
    .send(bodies[code]);
}
