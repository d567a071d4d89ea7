import { checkBearer, type GuardOptions, type TokenPrincipal } from './check-bearer.ts';

export type { GuardOptions, TokenPrincipal, Wishes } from './check-bearer.ts';

/** As much of Fastify as a guard needs, so that it works with whatever version is in use. */
interface Request {
  readonly headers: { readonly authorization?: string | undefined };
}
interface Reply {
  code(status: number): { headers(values: Record<string, string>): { send(body: unknown): unknown } };
}

/** A request that passed the guard. */
export type GuardedRequest<R = object> = R & { readonly tollgate: TokenPrincipal };

/**
 * A Fastify hook for `onRequest` or `preHandler`: verifies the bearer token, sets `request.tollgate`, and answers for itself
 * when the token does not hold. Say `fastify.decorateRequest('tollgate', null)` once, so that requests keep their shape.
 */
export function fastifyGuard<R extends Request>({ verifier, wishes }: GuardOptions<R>) {
  return async (request: R, reply: Reply): Promise<unknown> => {
    const asked = (await wishes?.(request)) ?? {};
    const { principal, refusal } = await checkBearer(verifier, request.headers.authorization, asked);
    // As bytes: to a text Fastify would add a charset, which the media type does not have.
    if (refusal) return reply.code(refusal.status).headers(refusal.headers).send(Buffer.from(refusal.body));
    Object.assign(request, { tollgate: principal });
    return undefined;
  };
}
