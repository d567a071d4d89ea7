import { describe, expect, it } from '@jest/globals';
import { defaultProduct } from '@tollgate/contracts';
import { compileRoutes } from './routes.ts';

const nameOf = (routes: ReturnType<typeof compileRoutes>, method: string, path: string) => {
  const target = routes.match(method, path);
  return target && `${target.resource}:${target.operation}`;
};

describe('the routes of the default product', () => {
  const routes = compileRoutes(defaultProduct.resources);

  it('lead every route to its own operation', () => {
    for (const resource of defaultProduct.resources) {
      for (const { name, method, path } of resource.operations) {
        if (method === undefined || path === undefined) continue;
        const concrete = path.replace('{id}', 'x1').replace('*', 'a/b');
        expect([concrete, nameOf(routes, method, concrete)]).toEqual([concrete, `${resource.name}:${name}`]);
      }
    }
  });

  it.each([
    ['GET', '/api/agent-base/triggers', 'triggers:list'],
    ['GET', '/api/agent-base/triggers/t1', 'triggers:details'],
    ['GET', '/api/agent-base/a1/executions', 'executions:list'],
    ['DELETE', '/api/agent-base/triggers', 'agents:delete'],
    ['POST', '/api/knowledge-base/search', 'knowledge:search'],
    ['GET', '/api/knowledge-base/storage', 'storage:list'],
    ['POST', '/api/webhook/a', 'webhooks:send'],
    ['get', '/api/agent-base/', 'agents:list'],
    ['PATCH', '/api/agent-base/a%2d1?x=1', 'agents:update'],
    ['GET', '/api/webhook/../agent-base', 'agents:list'],
  ])('%s %s is %s', (method, path, expected) => {
    expect(nameOf(routes, method, path)).toBe(expected);
  });

  it.each([
    ['POST', '/api/webhook'],
    ['GET', '/api/webhook/a'],
    ['GET', '/api/agent-base/a1'],
    ['GET', '/api/agent-base/a1/executions/e1'],
    ['PUT', '/api/agent-base/a1'],
    ['GET', '/agent-base'],
    ['GET', '/api/Agent-base'],
    ['GET', '/'],
    ['POST', '/api/webhook/..%2Fagent-base'],
    ['GET', '__proto__'],
    ['__proto__', '/api/agent-base'],
  ])('%s %s is nothing', (method, path) => {
    expect(nameOf(routes, method, path)).toBeNull();
  });
});

describe('routes that compete', () => {
  const routes = compileRoutes([
    {
      name: 'files',
      operations: [
        { name: 'any', method: 'GET', path: '/files/*' },
        { name: 'one', method: 'GET', path: '/files/{name}' },
        { name: 'index', method: 'GET', path: '/files/index' },
        { name: 'parts', method: 'GET', path: '/files/{name}/parts/' },
        { name: 'first', method: 'POST', path: '/files/{name}' },
        { name: 'second', method: 'POST', path: '/files/{id}' },
      ],
    },
  ]);

  it('are decided for the literal, then the parameter, then the wildcard', () => {
    expect(nameOf(routes, 'GET', '/files/index')).toBe('files:index');
    expect(nameOf(routes, 'GET', '/files/x')).toBe('files:one');
    expect(nameOf(routes, 'GET', '/files/index/parts')).toBe('files:parts');
    expect(nameOf(routes, 'GET', '/files/x/other')).toBe('files:any');
  });

  it('lead nowhere when two operations claim the same one', () => {
    expect(nameOf(routes, 'POST', '/files/x')).toBeNull();
  });
});
