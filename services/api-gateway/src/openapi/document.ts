import {
  allOperations,
  errorCodes,
  exampleOf,
  pathParameters,
  type AnyOperation,
  type Caller,
  type ErrorCode,
} from '@tollgate/contracts';
import type { z } from 'zod';
import { doorPaths } from './doors.ts';
import { SchemaWriter, type JsonSchema } from './schemas.ts';

export interface OpenApiOptions {
  /** Where the data plane (`door: 'data'`) is served. */
  verifierUrl: string;
  /** Includes what exists only while `TOLLGATE_DEV=1`. */
  development: boolean;
  /** All operations of the contracts unless a test says otherwise. */
  operations?: readonly AnyOperation[];
}

type Route = NonNullable<AnyOperation['http']>;

/** Codes that every operation of the control plane may answer with, beside its own. */
const commonErrors: readonly ErrorCode[] = ['INVALID_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'SERVICE_UNAVAILABLE'];

const tagNames: Record<string, string> = { orgs: 'organizations', dev: 'development' };

/** The OpenAPI 3.1 document of everything that has a route, derived from the operations; `doorPaths` adds what is no operation. */
export function openApiDocument(options: OpenApiOptions): JsonSchema {
  const operations = (options.operations ?? allOperations).filter(
    (operation) => operation.http && !operation.internal && (options.development || !operation.developmentOnly),
  );
  const schemas = new SchemaWriter();
  const dataPlane = { url: options.verifierUrl, description: 'Data plane: the verifier' };
  const paths: Record<string, JsonSchema> = {};
  for (const operation of operations) {
    const { method, path, door } = operation.http as Route;
    const item = (paths[path.replaceAll(/:([A-Za-z]+)/g, '{$1}')] ??= door === 'data' ? { servers: [dataPlane] } : {});
    item[method.toLowerCase()] = describe(operation, schemas);
  }
  for (const [path, item] of Object.entries(doorPaths())) paths[path] = { servers: [dataPlane], ...item };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tollgate',
      version: '1',
      description:
        'The authority for agent tokens. Refusals are RFC 9457 problems with a stable `code`; unknown fields are refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Control plane' }, dataPlane],
    tags: [...new Set([...operations.map(tagOf), 'verifier'])].map((name) => ({ name })),
    security: [{ jwt: [] }],
    paths,
    components: {
      securitySchemes: {
        jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        token: { type: 'http', scheme: 'bearer', description: 'A token of Tollgate itself.' },
      },
      schemas: { ...schemas.components, Problem: problemSchema },
      headers: {
        ETag: {
          description: 'The version of the resource in quotation marks, for `If-Match`.',
          schema: { type: 'string' },
        },
        RequestId: { description: 'Finds the request in the service logs.', schema: { type: 'string' } },
      },
    },
  };
}

function tagOf(operation: AnyOperation): string {
  const group = operation.name.slice(0, operation.name.indexOf('.'));
  return tagNames[group] ?? group;
}

function describe(operation: AnyOperation, schemas: SchemaWriter): JsonSchema {
  const { method } = operation.http as Route;
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return {
    operationId: operation.name,
    summary: operation.summary,
    description: descriptionOf(operation),
    tags: [tagOf(operation)],
    parameters: [...fieldParameters(operation, schemas), ...headerParameters(operation)],
    ...(hasBody ? { requestBody: requestBody(operation, schemas) } : {}),
    responses: responses(operation, schemas),
  };
}

function descriptionOf(operation: AnyOperation): string {
  return [
    `Who may call it: ${operation.who.map(callerText).join(', ')}.`,
    ...(operation.narrowing ? ['It takes access away, so it answers after every verifier has applied it.'] : []),
    ...(operation.developmentOnly ? ['It exists only while `TOLLGATE_DEV=1`.'] : []),
  ].join(' ');
}

function callerText(caller: Caller): string {
  if (caller.startsWith('scope:')) return `a JWT with the scope \`${caller.slice('scope:'.length)}\``;
  const texts: Record<string, string> = {
    operator: 'the platform operator',
    owner: 'owners',
    admin: 'admins',
    member: 'members',
    'space-administrator': "the space's administrators",
    caller: 'any bus user with permission for its subject',
  };
  return texts[caller] as string;
}

/** Path parameters, and for GET and DELETE the other input fields as query parameters. */
function fieldParameters(operation: AnyOperation, schemas: SchemaWriter): JsonSchema[] {
  const { method, path } = operation.http as Route;
  const { input } = exampleOf(operation);
  const inPath = pathParameters(path);
  const inQuery = method === 'GET' || method === 'DELETE';
  return Object.entries(fieldsOf(operation))
    .filter(([name]) => inPath.includes(name) || inQuery)
    .map(([name, schema]) => ({
      name,
      in: inPath.includes(name) ? 'path' : 'query',
      required: inPath.includes(name) || isRequired(schema),
      schema: schemas.input(schema),
      ...(name in input ? { example: input[name] } : {}),
    }));
}

function headerParameters(operation: AnyOperation): JsonSchema[] {
  if (operation.kind !== 'command') return [];
  const { method } = operation.http as Route;
  const idempotencyKey = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key and body give the same answer without doing it twice.',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  };
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    description: 'The version that the change is meant for, as `ETag` gave it; otherwise 412.',
    schema: { type: 'string' },
    example: '"1"',
  };
  return [
    ...(method === 'POST' ? [idempotencyKey] : []),
    ...(operation.errors?.includes('VERSION_MISMATCH') ? [ifMatch] : []),
  ];
}

function requestBody(operation: AnyOperation, schemas: SchemaWriter): JsonSchema {
  const inPath = pathParameters((operation.http as Route).path);
  const omitted = Object.fromEntries(inPath.map((name) => [name, true as const]));
  // An input that is published by a name (VerifyRequest) keeps it; others have their path parameters taken out.
  const body = inPath.length === 0 ? operation.input : operation.input.omit(omitted);
  const sent = Object.entries(exampleOf(operation).input).filter(([name]) => !inPath.includes(name));
  return {
    required: Object.values(body.shape as Record<string, z.ZodType>).some(isRequired),
    content: { 'application/json': { schema: schemas.input(body), example: Object.fromEntries(sent) } },
  };
}

function responses(operation: AnyOperation, schemas: SchemaWriter): JsonSchema {
  const success = operation.http?.status ?? 200;
  const answers: JsonSchema =
    operation.output.type === 'never' ? {} : { [success]: successResponse(operation, schemas) };
  for (const [status, codes] of errorsByStatus(operation)) answers[status] = problemResponse(codes);
  return answers;
}

function successResponse(operation: AnyOperation, schemas: SchemaWriter): JsonSchema {
  const { output } = exampleOf(operation);
  return {
    description: operation.summary,
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(hasVersion(operation.output) ? { ETag: { $ref: '#/components/headers/ETag' } } : {}),
    },
    content: operation.http?.raw
      ? Object.fromEntries(operation.http.raw.map((type) => [type, { schema: { type: 'string' } }]))
      : {
          'application/json': {
            schema: schemas.output(operation.output),
            ...(output === undefined ? {} : { example: output }),
          },
        },
  };
}

function problemResponse(codes: readonly ErrorCode[]): JsonSchema {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join('\n\n'),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { type: 'string', enum: codes } } },
          ],
        },
      },
    },
  };
}

/** An operation's own codes and those that follow from what it is, by status in ascending order. */
function errorsByStatus(operation: AnyOperation): Map<number, ErrorCode[]> {
  const { method, path } = operation.http as Route;
  const fields = Object.keys(fieldsOf(operation));
  const codes: ErrorCode[] = [
    ...commonErrors,
    ...(pathParameters(path).length > 0 ? (['NOT_FOUND'] as const) : []),
    ...(method !== 'GET' && method !== 'DELETE'
      ? (['INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const)
      : []),
    ...(operation.kind === 'command' ? (['CONFLICT'] as const) : []),
    ...(operation.kind === 'command' && method === 'POST' ? (['IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...(fields.includes('cursor') ? (['INVALID_CURSOR'] as const) : []),
    ...(fields.includes('atLeast') && operation.service !== 'auth-verifier' ? (['READ_MODEL_BEHIND'] as const) : []),
    ...(operation.errors ?? []),
  ];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...new Set(codes)].sort((a, b) => errorCodes[a].status - errorCodes[b].status)) {
    byStatus.set(errorCodes[code].status, [...(byStatus.get(errorCodes[code].status) ?? []), code]);
  }
  return byStatus;
}

function fieldsOf(operation: AnyOperation): Record<string, z.ZodType> {
  return operation.input.shape as Record<string, z.ZodType>;
}

function isRequired(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success;
}

/** Whether the answer, or the resource in it, carries a version (see `versionOf`). */
function hasVersion(output: z.ZodType): boolean {
  const shape = (output as z.ZodObject).shape as Record<string, z.ZodType> | undefined;
  if (!shape) return false;
  return 'version' in shape || Object.values(shape).some((field) => 'version' in ((field as z.ZodObject).shape ?? {}));
}

const problemSchema: JsonSchema = {
  type: 'object',
  description: 'RFC 9457. Branch on `code`, which never changes its meaning; `detail` is for people.',
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errorCodes) },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
    requestId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'code', 'detail'],
};
