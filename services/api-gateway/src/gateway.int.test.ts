import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  membersRemove,
  orgsCreate,
  orgsGet,
  TollgateError,
  tokensCreate,
  tokensDelete,
  tokensList,
  tokensRevoke,
  type AnyOperation,
  type Problem,
} from '@tollgate/contracts';
import { startNats, type TestNats } from '@tollgate/stack';
import { Responders } from './testing/responders.ts';
import { startGateway, type TestGateway } from './testing/start-gateway.ts';

const org = 'org_01jd0000000000000000000000';
const tok = 'tok_01jd0000000000000000000000';

let nats: TestNats;
let responders: Responders;
let gateway: TestGateway;

beforeAll(async () => {
  nats = await startNats();
  responders = await Responders.start(nats);
  gateway = await startGateway(nats);
});
afterAll(async () => {
  await gateway?.stop();
  await responders?.stop();
  await nats?.stop();
});

/** Runs `run` while the operation answers so. */
async function while_(
  operation: AnyOperation,
  answer: (input: never) => unknown,
  run: () => Promise<void>,
): Promise<void> {
  const end = await responders.serve(operation, answer);
  await run().finally(end);
}
const refuse = (error: TollgateError) => () => {
  throw error;
};
const problemOf = async (response: Response): Promise<Problem> => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return (await response.json()) as Problem;
};

describe('an operation over HTTP', () => {
  it('sends path and body as one flat input and answers with status, version and request id', () =>
    while_(
      orgsCreate,
      () => ({ org: { id: org, version: 3 }, position: 12 }),
      async () => {
        const response = await gateway.call('POST', '/v1/orgs', { name: 'Acme' }, { 'x-request-id': 'mine' });
        expect(response.status).toBe(201);
        expect(await response.json()).toEqual({ org: { id: org, version: 3 }, position: 12 });
        expect(response.headers.get('etag')).toBe('"3"');
        expect(response.headers.get('cache-control')).toBe('no-store');
        expect(responders.last.input).toEqual({ name: 'Acme' });
        expect(response.headers.get('x-request-id')).not.toBe('mine');
        expect(responders.last.headers['Tollgate-Request-Id']).toBe(response.headers.get('x-request-id'));
      },
    ));

  it('forwards what the receiver needs to know of the request', () =>
    while_(
      tokensRevoke,
      () => ({}),
      async () => {
        const jwt = await gateway.jwt();
        const trace = '0af7651916cd43dd8448eb211c80319c';
        await gateway.call(
          'POST',
          `/v1/orgs/${org}/tokens/${tok}/revoke`,
          { reason: 'lost' },
          {
            authorization: `Bearer ${jwt}`,
            'idempotency-key': 'k1',
            'if-match': '"7"',
            'user-agent': 'u'.repeat(600),
            'x-forwarded-for': '203.0.113.9',
            traceparent: `00-${trace}-b7ad6b7169203331-01`,
          },
        );
        const { input, headers } = responders.last;
        expect(input).toEqual({ org, tok, reason: 'lost' });
        expect(headers).toMatchObject({
          Authorization: `Bearer ${jwt}`,
          'Idempotency-Key': 'k1',
          'If-Match': '"7"',
          'Tollgate-Client-Ip': '127.0.0.1',
          'Tollgate-User-Agent': 'u'.repeat(500),
          traceparent: expect.stringContaining(trace),
        });
      },
    ));

  it('sends path and query of GET and DELETE as one flat input, and takes an empty body for an empty object', async () => {
    await while_(
      tokensList,
      () => ({ items: [], nextCursor: null }),
      async () => {
        const response = await gateway.call('GET', `/v1/orgs/${org}/tokens?limit=5&search=a%20b`);
        expect(response.status).toBe(200);
        expect(response.headers.get('etag')).toBeNull();
        expect(responders.last.input).toEqual({ org, limit: '5', search: 'a b' });
      },
    );
    await while_(
      membersRemove,
      () => ({}),
      async () => {
        await gateway.call('DELETE', `/v1/orgs/${org}/spaces/spc_1/members/acc_1`);
        expect(responders.last.input).toEqual({ org, spc: 'spc_1', acc: 'acc_1' });
      },
    );
    await while_(
      tokensRevoke,
      () => ({}),
      async () => {
        for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
          const response = await gateway.call('POST', `/v1/orgs/${org}/tokens/${tok}/revoke`, '', {
            'content-type': type,
          });
          expect(response.status).toBe(200);
          expect(responders.last.input).toEqual({ org, tok });
        }
      },
    );
  });

  it('answers HEAD as GET without a body', () =>
    while_(
      orgsGet,
      () => ({ id: org, version: 1 }),
      async () => {
        const response = await gateway.call('HEAD', `/v1/orgs/${org}`);
        expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, '"1"', '']);
      },
    ));
});

describe('refusals', () => {
  it('become problems with the status of their code', () =>
    while_(
      tokensCreate,
      refuse(new TollgateError('INVALID_INPUT', 'Look.', [{ path: 'scope', message: 'is required' }])),
      async () => {
        const response = await gateway.call('POST', `/v1/orgs/${org}/tokens`, {});
        expect(response.status).toBe(400);
        expect(response.headers.get('cache-control')).toBe('no-store');
        expect(await problemOf(response)).toMatchObject({
          code: 'INVALID_INPUT',
          detail: 'Look.',
          errors: [{ path: 'scope', message: 'is required' }],
          requestId: response.headers.get('x-request-id'),
        });
      },
    ));

  it('say when to come back if nobody answers on the bus', async () => {
    const response = await gateway.call('GET', `/v1/orgs/${org}`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemOf(response)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('name the allowed methods with every 405', async () => {
    const wrong = await gateway.call('PUT', `/v1/orgs/${org}`, {});
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, PATCH']);
    expect(await problemOf(wrong)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    await while_(tokensDelete, refuse(new TollgateError('TOKENS_ARE_REVOKED_NOT_DELETED', 'Revoke it.')), async () => {
      const final = await gateway.call('DELETE', `/v1/orgs/${org}/tokens/${tok}`);
      expect([final.status, final.headers.get('allow')]).toEqual([405, 'GET, PATCH']);
      expect(await problemOf(final)).toMatchObject({ code: 'TOKENS_ARE_REVOKED_NOT_DELETED' });
    });
  });

  it('tell unknown routes apart', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', `/v1/orgs/${org}/`, '/v1/verify']) {
      const response = await gateway.call('POST', path, {});
      expect([path, response.status]).toEqual([path, 404]);
      expect(await problemOf(response)).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    }
  });

  it.each([
    ['no JWT', undefined],
    ['another scheme', 'Basic YTpi'],
    ['no JWT at all', 'Bearer nonsense'],
    ['the JWT of another issuer', 'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvcGVyYXRvciJ9.c2ln'],
  ])('challenge a request with %s, before its body is read', async (_, authorization) => {
    const before = responders.calls.length;
    const response = await fetch(`${gateway.url}/v1/orgs`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await problemOf(response)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(responders.calls).toHaveLength(before);
  });
});

describe('bad input is refused before it reaches the bus, and never as a 500', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  it.each<[string, string, string, string | undefined, Record<string, string>, number, string]>([
    ['malformed JSON', 'POST', '/v1/orgs', '{"name":', {}, 400, 'INVALID_JSON'],
    ['an array', 'POST', '/v1/orgs', '[]', {}, 400, 'INVALID_INPUT'],
    ['a text', 'POST', '/v1/orgs', '"x"', {}, 400, 'INVALID_INPUT'],
    ['null', 'POST', '/v1/orgs', 'null', {}, 400, 'INVALID_INPUT'],
    ['too deep an object', 'POST', '/v1/orgs', deep, {}, 400, 'INVALID_INPUT'],
    [
      'another type',
      'POST',
      '/v1/orgs',
      'name=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['no known type', 'POST', '/v1/orgs', '{}', { 'content-type': 'x' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['10 MB', 'POST', '/v1/orgs', `{"name":"${'x'.repeat(10_000_000)}"}`, {}, 413, 'PAYLOAD_TOO_LARGE'],
    ['a broken escape in the path', 'GET', '/v1/orgs/%E0%A4%A', undefined, {}, 400, 'INVALID_INPUT'],
    ['a field in the query of a POST', 'POST', '/v1/orgs?name=x', '{}', {}, 400, 'INVALID_INPUT'],
    ['a body with a DELETE', 'DELETE', `/v1/orgs/${org}/spaces/a/members/b`, '{"x":1}', {}, 400, 'INVALID_INPUT'],
  ])('%s', async (_, method, path, body, headers, status, code) => {
    const before = responders.calls.length;
    const response = await gateway.call(method, path, body, headers);
    expect([response.status, (await problemOf(response)).code]).toEqual([status, code]);
    expect(responders.calls).toHaveLength(before);
  });

  it('names the field that repeats what the path says', async () => {
    const body = await gateway.call('POST', `/v1/orgs/${org}/tokens`, { name: 'x', org: 'org_other' });
    expect(await problemOf(body)).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path: 'org' }] });
    const query = await gateway.call('GET', `/v1/orgs/${org}?org=org_other`);
    expect(await problemOf(query)).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path: 'org' }] });
  });

  it('hands a field called __proto__ on as a field', () =>
    while_(
      orgsCreate,
      () => ({}),
      async () => {
        const response = await gateway.call('POST', '/v1/orgs', '{"__proto__":{"name":"x"}}');
        expect(response.status).toBe(201);
        expect(Object.keys(responders.last.input as object)).toEqual(['__proto__']);
      },
    ));

  it.each([200, 5000])('a path part of %i characters', async (length) => {
    const response = await gateway.call('GET', `/v1/orgs/${'x'.repeat(length)}`);
    expect(response.status).toBeLessThan(500);
    await problemOf(response);
  });
});
