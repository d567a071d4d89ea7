import { HttpException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { checkBearer, type GuardOptions, type TokenPrincipal } from './check-bearer.ts';

export type { GuardOptions, TokenPrincipal, Wishes } from './check-bearer.ts';

/** A request that passed the guard. */
export type GuardedRequest<R = object> = R & { readonly tollgate: TokenPrincipal };

/** What the guards of different routes ask for may differ, so each has its own: `@UseGuards(new TollgateGuard({…}))`. */
export class TollgateGuard implements CanActivate {
  readonly #options: GuardOptions<ExecutionContext>;

  /** `wishes` is given the execution context: the request, and with a Reflector what is written at the handler. */
  constructor(options: GuardOptions<ExecutionContext>) {
    this.#options = options;
  }

  /** Sets `request.tollgate`. Throws an HttpException with the problem document when the token does not hold. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { verifier, wishes } = this.#options;
    const http = context.switchToHttp();
    const request = http.getRequest<{ headers: { authorization?: string } }>();
    const asked = (await wishes?.(context)) ?? {};
    const { principal, refusal } = await checkBearer(verifier, request.headers.authorization, asked);
    if (refusal) {
      const response = http.getResponse<{ header(name: string, value: string): unknown }>();
      for (const [name, value] of Object.entries(refusal.headers)) response.header(name, value);
      throw new HttpException(JSON.parse(refusal.body) as Record<string, unknown>, refusal.status);
    }
    Object.assign(request, { tollgate: principal });
    return true;
  }
}
