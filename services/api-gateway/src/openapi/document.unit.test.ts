import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { allOperations, exampleOf, errorCodes } from '@tollgate/contracts';
import { doorPaths } from './doors.ts';
import { openApiDocument } from './document.ts';

interface Described {
  operationId: string;
  tags: string[];
  parameters: { name: string; in: string; required?: boolean }[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: Schema; example?: unknown } } };
  responses: Record<string, { content: Record<string, { schema: Schema }>; headers?: object }>;
}
interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
  required?: string[];
  additionalProperties?: boolean;
  allOf?: { properties?: { code: { enum: string[] } } }[];
}

const document = openApiDocument({ verifierUrl: 'http://127.0.0.1:8081', development: true }) as {
  paths: Record<string, Record<string, Described> & { servers?: { url: string }[] }>;
  components: { schemas: Record<string, Schema> };
};
const described = new Map(
  Object.values(document.paths).flatMap(({ servers: _, ...item }) =>
    Object.values(item).map((operation) => [operation.operationId, operation] as const),
  ),
);
const get = (name: string): Described => described.get(name) as Described;

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every operation with a route, with its status and its error codes', () => {
    const routed = allOperations.filter((operation) => operation.http);
    const doors = Object.values(doorPaths()).flatMap((item) => Object.values(item) as Described[]);
    const names = [...routed.map((operation) => operation.name), ...doors.map(({ operationId }) => operationId)];
    expect([...described.keys()].sort()).toEqual(names.sort());
    for (const operation of routed) {
      const { responses } = get(operation.name);
      const codes = Object.values(responses).flatMap(
        ({ content }) => content['application/problem+json']?.schema.allOf?.[1]?.properties?.code.enum ?? [],
      );
      expect(codes).toEqual(expect.arrayContaining([...(operation.errors ?? [])]));
      for (const code of operation.errors ?? []) expect(responses).toHaveProperty(`${errorCodes[code].status}`);
      if (operation.http?.status) expect(responses).toHaveProperty(`${operation.http.status}`);
    }
  });

  it('resolves every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] as string);
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const steps = reference.replace('#/', '').split('/');
      expect(steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], document)).toBeDefined();
    }
  });

  it('puts path parameters into the path and leaves them out of the body', () => {
    const { parameters, requestBody } = get('tokens.create');
    expect(parameters.filter((parameter) => parameter.in === 'path')).toMatchObject([{ name: 'org', required: true }]);
    const { schema, example } = (requestBody as NonNullable<Described['requestBody']>).content['application/json'];
    expect(Object.keys(schema.properties ?? {})).toContain('accountId');
    expect(schema.properties).not.toHaveProperty('org');
    expect(schema.required).toEqual(['name', 'accountId', 'scope']);
    expect(schema.additionalProperties).toBe(false);
    expect(example).not.toHaveProperty('org');
  });

  it('puts the fields of a GET into the query', () => {
    const query = get('tokens.list').parameters.filter((parameter) => parameter.in === 'query');
    expect(query.map(({ name, required }) => [name, required])).toContainEqual(['limit', false]);
    expect(get('tokens.list').requestBody).toBeUndefined();
  });

  it('publishes what contracts name as components, open in answers', () => {
    const { schema } = get('tokens.get').responses['200']?.content['application/json'] as { schema: Schema };
    expect(schema).toEqual({ $ref: '#/components/schemas/Token' });
    expect(document.components.schemas['Token']).not.toHaveProperty('additionalProperties');
  });

  it('offers ETag where the answer has a version, and the key and the condition where a command takes them', () => {
    expect(get('tokens.create').responses['201']?.headers).toHaveProperty('ETag');
    expect(get('tokens.list').responses['200']?.headers).not.toHaveProperty('ETag');
    const headers = (name: string) =>
      get(name)
        .parameters.filter((parameter) => parameter.in === 'header')
        .map((parameter) => parameter.name);
    expect(headers('tokens.revoke')).toEqual(['Idempotency-Key', 'If-Match']);
    expect(headers('tokens.get')).toEqual([]);
  });

  it('names the data plane as the server of its own paths', () => {
    expect(document.paths['/v1/verify']?.servers).toMatchObject([{ url: 'http://127.0.0.1:8081' }]);
    for (const path of Object.keys(doorPaths())) {
      expect(document.paths[path]?.servers).toMatchObject([{ url: 'http://127.0.0.1:8081' }]);
    }
    expect(document.paths['/v1/orgs']?.servers).toBeUndefined();
  });

  it('leaves out what exists only in development', () => {
    const production = openApiDocument({ verifierUrl: 'http://127.0.0.1:8081', development: false }) as typeof document;
    expect(production.paths).not.toHaveProperty(['/v1/dev/clock']);
    expect(document.paths).toHaveProperty(['/v1/dev/clock']);
  });

  const published = allOperations.filter(({ http, internal }) => http && !internal).map((op) => [op.name, op] as const);
  it.each(published)('gives an example of %s, which it accepts, and of its answer, which fits', (_, op) => {
    const { input, output } = exampleOf(op);
    expect(op.input.safeParse(input).error).toBeUndefined();
    const json = op.output.type !== 'never' && !op.http?.raw;
    expect(output !== undefined).toBe(json);
    if (json) expect(op.output.safeParse(output).error).toBeUndefined();
  });
});
