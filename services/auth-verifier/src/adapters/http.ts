import { parseInput } from '@tollgate/bus';
import { TollgateError, tokensVerify, tokensVerifyBatch, type AnyOperation } from '@tollgate/contracts';
import { authorize, bearerOf, type JwtVerifier, type PrincipalResolver } from '@tollgate/identity';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@tollgate/runtime';
import type { VerifyCalls } from '../application/verify-calls.ts';

/** Services alone verify tokens, and a service has no account to resolve. */
const noAccounts: PrincipalResolver = { resolve: async () => null };

/** Mounts `POST /v1/verify` and `POST /v1/verify/batch`: who may call first, then the input, then the decision. */
export function serveOverHttp(fastify: FastifyInstance, calls: VerifyCalls, jwts: JwtVerifier): void {
  mount(fastify, jwts, tokensVerify, (body) => calls.verify(parseInput(tokensVerify, body ?? {})));
  mount(fastify, jwts, tokensVerifyBatch, (body) => calls.verifyBatch(parseInput(tokensVerifyBatch, body ?? {})));
}

function mount(
  fastify: FastifyInstance,
  jwts: JwtVerifier,
  operation: AnyOperation,
  handle: (body: unknown) => unknown,
): void {
  const { method, path } = operation.http as NonNullable<AnyOperation['http']>;
  fastify.route({
    method,
    url: path,
    // Before the body is read: who is not known learns nothing about the shape of inputs.
    onRequest: (request: FastifyRequest) => requireCaller(jwts, operation, request.headers.authorization),
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
): Promise<void> {
  const claims = await jwts.verify(bearerOf(authorization));
  if (claims.org !== undefined) {
    throw new TollgateError(
      'FORBIDDEN',
      'Verification needs the JWT of a service: this one is limited to an organization.',
    );
  }
  await authorize(operation, {}, claims, noAccounts);
}
