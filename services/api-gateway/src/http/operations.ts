import { callHeaders, type BusClient } from '@tollgate/bus';
import { allOperations, statusOf, type AnyOperation, type RawPage } from '@tollgate/contracts';
import { bearerOf, type JwtVerifier } from '@tollgate/identity';
import { sendProblem, type FastifyInstance, type FastifyRequest } from '@tollgate/runtime';
import { versionOf } from './answers.ts';
import { acceptJsonOnly } from './body.ts';
import { clientAddress } from './client-address.ts';
import { inputOf } from './input.ts';
import { OwnWrites } from './own-writes.ts';
import { sendRaw } from './raw.ts';

export interface DoorOptions {
  readonly bus: BusClient;
  readonly verifier: JwtVerifier;
  /** Serves what exists only while `TOLLGATE_DEV=1` too. */
  readonly development: boolean;
  /** Proxies in front whose `X-Forwarded-For` counts; 0 trusts the socket alone. */
  readonly trustedProxies: number;
  /** How long an operation may take that does not say so itself. */
  readonly timeoutMs: number;
}

const userAgentLengthMax = 500;

/** The operations of the control plane. */
export function controlOperations(development: boolean): AnyOperation[] {
  return allOperations.filter(
    ({ http, developmentOnly }) => http && (http.door ?? 'control') === 'control' && (development || !developmentOnly),
  );
}

/**
 * Mounts every operation of the control plane. A route checks that the JWT is good, makes the flat input, asks the
 * operation's service over the bus and turns the answer into HTTP. Who may do what, and whether the input has the right
 * shape, is decided by the receiver.
 */
export function mountOperations(fastify: FastifyInstance, options: DoorOptions): void {
  const operations = controlOperations(options.development);
  const calls = new OwnWrites(options.bus);
  // A scope of its own: its body parsers and its error handler are not those of `/healthz`.
  fastify.register(async (scope) => {
    acceptJsonOnly(scope);
    scope.setErrorHandler((error, request, reply) => {
      void reply.header('cache-control', 'no-store');
      // Also an operation may refuse a method for good (tokens are revoked, not deleted): RFC 9110 wants `Allow` then.
      const code = (error as { code?: unknown }).code;
      if (code === 'TOKENS_ARE_REVOKED_NOT_DELETED')
        void reply.header('allow', methodsOf(operations, request.routeOptions.url));
      return sendProblem(reply, error, request.id);
    });
    for (const operation of operations) mountOperation(scope, operation, calls, options);
  });
}

function mountOperation(scope: FastifyInstance, operation: AnyOperation, calls: OwnWrites, options: DoorOptions): void {
  const { method, path, raw, status = 200 } = operation.http as NonNullable<AnyOperation['http']>;
  scope.route<{ Params: Record<string, string>; Querystring: Record<string, unknown> }>({
    method,
    url: path,
    // Before the body is read: who is not known here cannot make this server read megabytes.
    onRequest: async (request) => {
      await options.verifier.verify(bearerOf(request.headers.authorization));
    },
    handler: async (request, reply) => {
      const { params, query, body } = request;
      const input = inputOf(operation, { params, query, body });
      const call = (more: Record<string, unknown> = {}): Promise<unknown> =>
        calls.call(
          operation,
          { ...input, ...more },
          {
            authorization: request.headers.authorization as string,
            headers: headersOf(request as FastifyRequest, options.trustedProxies),
            timeoutMs: operation.timeoutMs ?? options.timeoutMs,
          },
        );
      const answer = await call();
      if (raw) return sendRaw(reply.code(status), answer as RawPage, (cursor) => call({ cursor }));
      const version = versionOf(answer);
      if (version !== undefined) void reply.header('etag', `"${version}"`);
      return reply.code(status).header('cache-control', 'no-store').send(answer);
    },
  });
}

/** What travels on the bus besides the JWT; the request's id and its trace are added by the bus client. */
function headersOf(request: FastifyRequest, trustedProxies: number): Record<string, string | undefined> {
  const { headers, socket } = request;
  const forwardedFor = [headers['x-forwarded-for']].flat().join(',') || undefined;
  return {
    [callHeaders.idempotencyKey]: [headers['idempotency-key']].flat()[0],
    [callHeaders.ifMatch]: headers['if-match'],
    [callHeaders.clientIp]: clientAddress(socket.remoteAddress, forwardedFor, trustedProxies),
    [callHeaders.userAgent]: headers['user-agent']?.slice(0, userAgentLengthMax),
  };
}

function methodsOf(operations: readonly AnyOperation[], path: string | undefined): string {
  return operations
    .filter(({ http, errors }) => http?.path === path && !errors?.some((code) => statusOf(code) === 405))
    .map(({ http }) => http?.method)
    .join(', ');
}
