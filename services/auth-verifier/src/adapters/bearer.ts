import { bearerRefusal, type RefusedCode } from '@tollgate/contracts';
import type { FastifyReply } from '@tollgate/runtime';

/**
 * Refuses the bearer of a token, with the same bytes for the same code.
 * @param status in place of the code's own
 */
export function refuseBearer(reply: FastifyReply, code: RefusedCode, status?: number): void {
  const refusal = bearerRefusal(code);
  // As bytes: to a text Fastify would add a charset, which the media type does not have.
  void reply
    .code(status ?? refusal.status)
    .headers(refusal.headers)
    .send(Buffer.from(refusal.body));
}
