import type { JsonSchema } from './schemas.ts';

/**
 * The doors of the verifier that are HTTP alone: they speak the protocol of a proxy or of OAuth, so no operation on the bus
 * stands behind them and they are described by hand.
 */
export function doorPaths(): Record<string, JsonSchema> {
  return {
    '/v1/forward-auth': Object.fromEntries(
      ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace'].map((method) => [
        method,
        forwardAuth(method),
      ]),
    ),
    '/v1/introspect': { post: introspect },
    '/v1/whoami': { get: whoAmI },
  };
}

const problem = (description: string, headers?: JsonSchema): JsonSchema => ({
  description,
  ...(headers ? { headers } : {}),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const text = (description: string): JsonSchema => ({ description, schema: { type: 'string' } });
const challenge = { 'WWW-Authenticate': text('RFC 6750: `Bearer`, with `error="invalid_token"` if one came.') };
const retryAfter = { 'Retry-After': text('Seconds.') };

const bearerAnswers = {
  401: problem('`TOKEN_MISSING` or `TOKEN_INVALID`, and nothing finer.', challenge),
  503: problem('`UNDECIDABLE`: the verifier cannot decide. Refuse, and try again.', retryAfter),
};

const wishes: Readonly<Record<string, string>> = {
  space: 'The space the call is for.',
  resource: 'With `operation`: what the call does.',
  operation: 'With `resource`: what the call does.',
  method: 'With `path`: the call itself, in place of resource and operation.',
  path: 'With `method`: the call itself, in place of resource and operation.',
  project: 'The project the call is for.',
  tool: 'The tool that is called.',
  product: 'The product that the proxy guards; `default` without it.',
  environment: '`live` unless it says `test`.',
  costMicros: 'What the call costs, in micro-units of the currency.',
  proxy: '`nginx` folds 402 and 429 into 403 with `X-Tollgate-Status`.',
};

const forwardAuth = (method: string): JsonSchema => ({
  operationId: `forward-auth.${method}`,
  summary: 'Whether a proxy may let a call through',
  description:
    'For the proxy in front of an API (nginx `auth_request`, Traefik, Envoy). The query is the proxy’s configuration; headers other than ' +
    '`Authorization` are never looked at. With the path of the call appended, as Envoy does (`/v1/forward-auth/api/…`, settings before it as ' +
    '`/v1/forward-auth;space=…/api/…`), path and method are the wish and the query is the client’s.',
  tags: ['verifier'],
  security: [{ token: [] }],
  parameters: Object.entries(wishes).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  })),
  responses: {
    200: {
      description: 'Let it through.',
      headers: {
        'X-Tollgate-Token-Id': text('The token.'),
        'X-Tollgate-Org': text('Its organization.'),
        'X-Tollgate-Account': text('Its account.'),
        'X-Tollgate-Scope': text('`single-space` or `multi-space`.'),
      },
    },
    ...bearerAnswers,
    402: problem('`INSUFFICIENT_BALANCE`'),
    403: problem(
      '`SCOPE_DENIED`, `PERMISSION_DENIED`, `POLICY_DENIED`, or settings that cannot be understood.',
      challenge,
    ),
    429: problem('`RATE_LIMITED`', retryAfter),
  },
});

const introspect: JsonSchema = {
  operationId: 'introspect',
  summary: 'Token introspection (RFC 7662)',
  description:
    'Who may call it: a JWT with the scope `tokens:verify`. A token that does not hold is not active, and nothing more is said.',
  tags: ['verifier'],
  requestBody: {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: {
            token: { type: 'string' },
            token_type_hint: { type: 'string', description: 'Not needed.' },
            product: { type: 'string', description: '`default` without it.' },
            environment: { type: 'string', enum: ['live', 'test'] },
            space: { type: 'string' },
          },
          required: ['token'],
        },
      },
    },
  },
  responses: {
    200: {
      description: 'What is known about the token.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              active: { type: 'boolean' },
              token_type: { type: 'string' },
              scope: { type: 'string', enum: ['single-space', 'multi-space'] },
              sub: { type: 'string', description: 'The account.' },
              jti: { type: 'string', description: 'The token.' },
              exp: { type: 'integer', description: 'Unix seconds.' },
              org: { type: 'string' },
              account_kind: { type: 'string', enum: ['member', 'service'] },
              spaces: { type: 'array', items: { type: 'string' } },
            },
            required: ['active'],
          },
        },
      },
    },
    400: problem('`INVALID_INPUT`'),
    401: problem('`UNAUTHENTICATED`'),
    403: problem('`FORBIDDEN`'),
    415: problem('`UNSUPPORTED_MEDIA_TYPE`'),
    503: problem('`UNDECIDABLE`', retryAfter),
  },
};

const named = { type: 'object', properties: { id: { type: 'string' }, name: { type: ['string', 'null'] } } };

const whoAmI: JsonSchema = {
  operationId: 'whoami',
  summary: 'Who the token is that asks',
  tags: ['verifier'],
  security: [{ token: [] }],
  responses: {
    200: {
      description: 'The token of the request.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              id: { type: 'string' },
              name: { type: 'string' },
              organization: named,
              account: {
                ...named,
                properties: { ...named.properties, kind: { type: 'string', enum: ['member', 'service'] } },
              },
              scope: { type: 'object', properties: { type: { type: 'string' }, spaceId: { type: 'string' } } },
              product: { type: 'string' },
              environment: { type: ['string', 'null'] },
              expiresAt: { type: ['string', 'null'], format: 'date-time' },
            },
            required: ['id', 'name', 'organization', 'account', 'scope', 'product', 'environment', 'expiresAt'],
          },
        },
      },
    },
    ...bearerAnswers,
  },
};
