import { checkBearer, type GuardOptions, type TokenPrincipal } from './check-bearer.ts';

export type { GuardOptions, TokenPrincipal, Wishes } from './check-bearer.ts';

/** As much of Express as a guard needs, so that it works with whatever version is in use. */
interface Request {
  readonly headers: { readonly authorization?: string | undefined };
}
interface Response {
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown };
}

/** A request that passed the guard. */
export type GuardedRequest<R = object> = R & { readonly tollgate: TokenPrincipal };

/**
 * Express middleware: verifies the bearer token, sets `request.tollgate`, and answers for itself when the token does not hold.
 *
 * ```ts
 * app.get('/agents', expressGuard({ verifier, wishes: () => ({ space, resource: 'agents', operation: 'list' }) }), handler);
 * ```
 */
export function expressGuard<R extends Request>({ verifier, wishes }: GuardOptions<R>) {
  return (request: R, response: Response, next: (error?: unknown) => void): void => {
    const run = async () => {
      const asked = (await wishes?.(request)) ?? {};
      const { principal, refusal } = await checkBearer(verifier, request.headers.authorization, asked);
      if (refusal) {
        response.writeHead(refusal.status, refusal.headers).end(refusal.body);
        return;
      }
      Object.assign(request, { tollgate: principal });
      next();
    };
    run().catch(next);
  };
}
