import { parseInput } from '@tollgate/bus';
import { TollgateError, tokensVerify, type Decision } from '@tollgate/contracts';
import type { JwtVerifier } from '@tollgate/identity';
import type { FastifyInstance, FastifyReply, FastifyRequest } from '@tollgate/runtime';
import type { VerifyCalls } from '../application/verify-calls.ts';
import { requireCaller } from './http.ts';

const formType = 'application/x-www-form-urlencoded';

/** Parameters of ours beside those of RFC 7662: "optional parameters to provide further context to the query" (2.1). */
const context = ['product', 'environment', 'space'] as const;

/**
 * Mounts `POST /v1/introspect` (RFC 7662) for services with the scope `tokens:verify`. Whatever keeps a token from holding makes
 * it inactive, and nothing more is said (2.2).
 */
export function serveIntrospection(fastify: FastifyInstance, calls: VerifyCalls, jwts: JwtVerifier): void {
  // A scope of its own: only this route reads forms, and it reads nothing else.
  void fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(formType, { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(body as string)),
    );
    scope.addContentTypeParser('*', (_request, _body, done) => done(wrongType()));
    scope.post('/v1/introspect', {
      onRequest: (request: FastifyRequest) => requireCaller(jwts, tokensVerify, request.headers.authorization),
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        if (!(request.body instanceof URLSearchParams)) throw wrongType();
        const decision = await calls.verify(readForm(request.body));
        return reply
          .header('cache-control', 'no-store')
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(introspectionOf(decision)));
      },
    });
  });
}

/** Unknown parameters are ignored, as OAuth wants it (RFC 6749, 3.1); one that comes twice is refused. */
function readForm(form: URLSearchParams) {
  for (const name of form.keys()) {
    if (form.getAll(name).length > 1) throw invalid(name, 'came twice');
  }
  const token = form.get('token');
  if (token === null) throw invalid('token', 'is required');
  const asked = context.flatMap((name) => (form.has(name) ? [[name, form.get(name)] as const] : []));
  return parseInput(tokensVerify, { token, ...Object.fromEntries(asked) });
}

/** RFC 7662, 2.2. What it has no name for has ours. */
function introspectionOf(decision: Decision): Readonly<Record<string, unknown>> {
  if (!decision.valid) return { active: false };
  const { tokenId, orgId, account, scope, spaces, expiresAt } = decision;
  return {
    active: true,
    token_type: 'Bearer',
    scope,
    sub: account?.id,
    jti: tokenId,
    ...(expiresAt ? { exp: Math.floor(Date.parse(expiresAt) / 1000) } : {}),
    org: orgId,
    account_kind: account?.kind,
    spaces,
  };
}

const wrongType = () => new TollgateError('UNSUPPORTED_MEDIA_TYPE', `Send the body with Content-Type: ${formType}.`);

const invalid = (name: string, message: string) =>
  new TollgateError('INVALID_INPUT', `${name} ${message}.`, [{ path: name, message }]);
