import { bearerToken, type RefusedCode } from '@tollgate/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@tollgate/runtime';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { refuseBearer } from './bearer.ts';

/** Mounts `GET /v1/whoami`: a token asks who it is, and is its own credential. */
export function serveWhoAmI(fastify: FastifyInstance, calls: VerifyCalls): void {
  fastify.get('/v1/whoami', async (request: FastifyRequest, reply: FastifyReply) => {
    const { decision, description } = await calls.whoIs(bearerToken(request.headers.authorization));
    if (!description) {
      refuseBearer(reply, decision.code as RefusedCode);
      return reply;
    }
    const { tokenId: id, expiresAt = null } = decision;
    return reply
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ id, ...description, expiresAt }));
  });
}
