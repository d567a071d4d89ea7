import { invalidInput, parseInput, type Bus } from '@tollgate/bus';
import { allOperations, pathParameters, type AnyOperation } from '@tollgate/contracts';
import { bearerOf, type JwtVerifier } from '@tollgate/identity';
import type { FastifyInstance, FastifyRequest } from '@tollgate/runtime';

/** Operations with a route on this door that another service answers: charges. */
const forwarded = allOperations.filter(({ http, service }) => http?.door === 'data' && service !== 'auth-verifier');

/** Mounts what is passed on over the bus, with the caller's JWT. The receiver decides who may call. */
export function serveForwarded(fastify: FastifyInstance, bus: Bus, jwts: JwtVerifier): void {
  for (const operation of forwarded) {
    const { method, path, status = 200 } = operation.http as NonNullable<AnyOperation['http']>;
    fastify.route<{ Params: Record<string, string> }>({
      method,
      url: path,
      // Before the body is read: who is not known learns nothing about the shape of inputs.
      onRequest: async (request) => {
        await jwts.verify(bearerOf(request.headers.authorization));
      },
      handler: async (request, reply) => {
        const input = inputOf(operation, request as FastifyRequest);
        const authorization = request.headers.authorization as string;
        const answer = await bus.call(operation, input, { authorization });
        return reply
          .code(status)
          .header('cache-control', 'no-store')
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(answer));
      },
    });
  }
}

/** The path parameters and the body's fields as one flat input. @throws TollgateError INVALID_INPUT */
function inputOf(operation: AnyOperation, { params, body }: FastifyRequest): Record<string, unknown> {
  const fields: unknown = body ?? {};
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw invalidInput([{ path: '', message: 'the body must be a JSON object' }]);
  const repeated = pathParameters((operation.http as { path: string }).path).filter((name) => name in fields);
  if (repeated.length > 0)
    throw invalidInput(repeated.map((path) => ({ path, message: 'is given by the path and must not be repeated' })));
  return parseInput(operation, { ...fields, ...(params as object) }) as Record<string, unknown>;
}
