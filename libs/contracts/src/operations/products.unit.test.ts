import { describe, expect, it } from '@jest/globals';
import { productsCreate } from './products.ts';

const orders = { name: 'orders', operations: [{ name: 'list', method: 'GET', path: '/api/orders' }] };
const input = { key: 'shop', name: 'Shop', tokenPrefix: 'shop', resources: [orders] };
const problemsOf = (overrides: object) => {
  const result = productsCreate.input.safeParse({ ...input, ...overrides });
  return (result.error?.issues ?? []).map(({ path }) => path.join('.'));
};
const withOperations = (...operations: object[]) => ({ resources: [{ name: 'orders', operations }] });

describe('a product', () => {
  it('has both environments unless it says otherwise', () => {
    expect(productsCreate.input.parse(input)).toMatchObject({ environments: ['live', 'test'] });
    expect(productsCreate.input.parse({ ...input, environments: [] })).toMatchObject({ environments: [] });
    expect(problemsOf({ environments: ['live', 'live'] })).toEqual(['environments']);
  });
  it.each(['Shop', '9shop', 'shop_', 'a'.repeat(13), ''])('has no prefix %j', (tokenPrefix) =>
    expect(problemsOf({ tokenPrefix })).toEqual(['tokenPrefix']),
  );
  it('shows no password in the URL of its MCP server', () => {
    expect(problemsOf({ mcpUrl: 'https://me:secret@mcp.example/mcp' })).toEqual(['mcpUrl']);
    expect(problemsOf({ mcpUrl: 'https://mcp.example/mcp' })).toEqual([]);
  });
  it('names each resource and each of its operations once', () => {
    expect(problemsOf({ resources: [orders, { ...orders, operations: [{ name: 'get' }] }] })).toEqual([
      'resources.1.name',
    ]);
    expect(problemsOf(withOperations({ name: 'get' }, { name: 'get' }))).toEqual(['resources.0.operations.1.name']);
    expect(problemsOf(withOperations({ name: 'Get' }))).toEqual(['resources.0.operations.0.name']);
    expect(problemsOf({ resources: [{ name: 'no_dash', operations: [{ name: 'get' }] }] })).toEqual([
      'resources.0.name',
    ]);
  });
  it('gives an operation a method and a path, or neither', () => {
    expect(problemsOf(withOperations({ name: 'get', method: 'GET' }))).toEqual(['resources.0.operations.0.path']);
    expect(problemsOf(withOperations({ name: 'get', path: '/x' }))).toEqual(['resources.0.operations.0.method']);
    expect(problemsOf(withOperations({ name: 'get', method: 'get', path: '/x' }))).toEqual([
      'resources.0.operations.0.method',
    ]);
  });
  it.each(['/', '/api/orders', '/api/{id}', '/api/{id}/lines/', '/files/*', '/a-b_c~d.e', '/*'])(
    'has a route %s',
    (path) => expect(problemsOf(withOperations({ name: 'get', method: 'GET', path }))).toEqual([]),
  );
  it.each([
    'api',
    '',
    '/a b',
    '/a//b',
    '/a?b',
    '/a#b',
    '/a/../b',
    '/./a',
    '/*/a',
    '/a*',
    '/{a}{b}',
    '/{}',
    '/a%2Fb',
    '/a;b',
  ])('has no route %j', (path) =>
    expect(problemsOf(withOperations({ name: 'get', method: 'GET', path }))).toContain('resources.0.operations.0.path'),
  );
  it('has no two operations behind one route, however its parameters are called', () => {
    const other = (path: string, method = 'GET') => ({
      resources: [
        { name: 'orders', operations: [{ name: 'get', method: 'GET', path: '/api/{id}' }] },
        { name: 'lines', operations: [{ name: 'get', method, path }] },
      ],
    });
    expect(problemsOf(other('/api/{key}'))).toEqual(['resources.1.operations.0.path']);
    expect(problemsOf(other('/api/{key}/'))).toEqual(['resources.1.operations.0.path']);
    expect(problemsOf(other('/api/{key}', 'POST'))).toEqual([]);
    expect(problemsOf(other('/api/all'))).toEqual([]);
  });
});
