import { parseInput } from '@tollgate/bus';
import { TollgateError, tokensVerify, tokensVerifyBatch, type AnyOperation } from '@tollgate/contracts';
import { authorize, bearerOf, type Claims, type JwtVerifier, type PrincipalResolver } from '@tollgate/identity';
import type { AtOnceRoute, FastifyInstance, FastifyReply, FastifyRequest } from '@tollgate/runtime';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { verifyAtOnce } from './at-once.ts';
import type { KnownCallers } from './known-callers.ts';

/** Services alone verify tokens, and a service has no account to resolve. */
const noAccounts: PrincipalResolver = { resolve: async () => null };

/** Mounts `POST /v1/verify` and `POST /v1/verify/batch`: who may call first, then the input, then the decision. */
export function serveOverHttp(
  fastify: FastifyInstance,
  calls: VerifyCalls,
  jwts: JwtVerifier,
  callers: KnownCallers,
): void {
  const requireAndRemember = async (authorization: string | undefined): Promise<void> => {
    const { expiresAtMs } = await requireCaller(jwts, tokensVerify, authorization);
    callers.add(authorization as string, expiresAtMs);
  };
  mount(fastify, tokensVerify, requireAndRemember, (body) => calls.verify(parseInput(tokensVerify, body ?? {})));
  mount(
    fastify,
    tokensVerifyBatch,
    (authorization) => requireCaller(jwts, tokensVerifyBatch, authorization),
    (body) => calls.verifyBatch(parseInput(tokensVerifyBatch, body ?? {})),
  );
}

/** Most verifications over HTTP, before Fastify is asked. The others are answered by what `serveOverHttp` has mounted. */
export function verifyRouteAtOnce(calls: VerifyCalls, callers: KnownCallers): AtOnceRoute {
  return {
    ...(tokensVerify.http as NonNullable<AnyOperation['http']>),
    isKnownCaller: (authorization) => callers.has(authorization),
    answer: verifyAtOnce(calls),
  };
}

function mount(
  fastify: FastifyInstance,
  operation: AnyOperation,
  requireAllowed: (authorization: string | undefined) => Promise<unknown>,
  handle: (body: unknown) => unknown,
): void {
  const { method, path } = operation.http as NonNullable<AnyOperation['http']>;
  fastify.route({
    method,
    url: path,
    // Before the body is read: who is not known learns nothing about the shape of inputs.
    onRequest: async (request: FastifyRequest) => {
      await requireAllowed(request.headers.authorization);
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const answer = await handle(request.body);
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
    },
  });
}

/**
 * Lets services with the scope through. A JWT that is limited to one organization is refused, because a decision may be
 * about a token of any.
 * @throws TollgateError UNAUTHENTICATED, FORBIDDEN
 */
export async function requireCaller(
  jwts: JwtVerifier,
  operation: AnyOperation,
  authorization: string | undefined,
): Promise<Claims> {
  const claims = await jwts.verify(bearerOf(authorization));
  if (claims.org !== undefined) {
    throw new TollgateError(
      'FORBIDDEN',
      'Verification needs the JWT of a service: this one is limited to an organization.',
    );
  }
  await authorize(operation, {}, claims, noAccounts);
  return claims;
}
