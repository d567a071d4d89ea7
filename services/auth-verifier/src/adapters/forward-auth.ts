import {
  bearerToken,
  errorCodes,
  isTollgateError,
  toProblem,
  type Decision,
  type RefusedCode,
  type TollgateError,
} from '@tollgate/contracts';
import { sendProblem, type FastifyInstance, type FastifyReply, type FastifyRequest } from '@tollgate/runtime';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { refuseBearer } from './bearer.ts';
import { forwardAuthPath, readWishes, type Wishes } from './forward-auth-wishes.ts';

/**
 * Mounts `/v1/forward-auth` for the proxy in front of an API: any method, the token in `Authorization`, the wishes in the URL.
 * The token itself is the credential; there is no JWT.
 */
export function serveForwardAuth(fastify: FastifyInstance, calls: VerifyCalls): void {
  for (const url of [forwardAuthPath, `${forwardAuthPath}*`]) {
    fastify.all(url, {
      // Before the body: proxies send it along or not, of whatever type, and it says nothing about the token.
      onRequest: (request: FastifyRequest, reply: FastifyReply) => answer(request, reply, calls),
      handler: () => undefined,
    });
  }
}

async function answer(request: FastifyRequest, reply: FastifyReply, calls: VerifyCalls): Promise<FastifyReply> {
  try {
    const wishes = readWishes(request.method, request.raw.url as string);
    const token = bearerToken(request.headers.authorization);
    const decision = await calls.decide({ ...wishes.request, token });
    if (decision.valid) accept(reply, decision);
    else refuse(reply, decision.code as RefusedCode, wishes.proxy);
  } catch (error) {
    if (isTollgateError(error) && errorCodes[error.code].status === 400) return refuseWishes(reply, error);
    return sendProblem(reply, error, request.id);
  }
  return reply;
}

function accept(reply: FastifyReply, { tokenId, orgId, account, scope }: Decision): void {
  void reply
    .code(200)
    .header('cache-control', 'no-store')
    .header('x-tollgate-token-id', tokenId)
    .header('x-tollgate-org', orgId)
    .header('x-tollgate-account', account?.id)
    .header('x-tollgate-scope', scope)
    .send();
}

/** What is wrong with the wishes is wrong with the proxy's configuration. The proxy must refuse, and to refuse it knows 403. */
function refuseWishes(reply: FastifyReply, error: TollgateError): FastifyReply {
  return reply
    .code(403)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify({ ...toProblem(error), status: 403 })));
}

function refuse(reply: FastifyReply, code: RefusedCode, proxy: Wishes['proxy']): void {
  const { status } = errorCodes[code];
  if (proxy !== 'nginx' || (status !== 402 && status !== 429)) return refuseBearer(reply, code);
  void reply.header('x-tollgate-status', String(status));
  refuseBearer(reply, code, 403);
}
