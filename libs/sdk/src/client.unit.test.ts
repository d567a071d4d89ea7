import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { orgsCreate, orgsGet, principalsResolve, tokensList, tokensRevoke, tokensVerify } from '@tollgate/contracts';
import { createClient, TollgateClient } from './client.ts';

const org = 'org_01jd0000000000000000000000';
const tok = 'tok_01jd0000000000000000000000';

interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let url: string;
let received: Received[];
let answer: { status: number; body: string; headers?: Record<string, string> };

beforeAll(async () => {
  received = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ method: request.method as string, url: request.url as string, headers: request.headers, body });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const last = () => received.at(-1) as Received;
const ok = (value: unknown) => {
  answer = { status: 200, body: JSON.stringify(value) };
};

describe('a call', () => {
  it('sends path, body, JWT, key and condition where the definition puts them', async () => {
    ok({ position: 7 });
    const client = new TollgateClient({ url, token: 'jwt' });
    const result = await client.call(tokensRevoke, { org, tok, reason: 'lost' }, { idempotencyKey: 'k', ifMatch: 3 });
    expect(result).toEqual({ position: 7 });
    expect(last()).toMatchObject({
      method: 'POST',
      url: `/v1/orgs/${org}/tokens/${tok}/revoke`,
      body: '{"reason":"lost"}',
      headers: {
        authorization: 'Bearer jwt',
        'content-type': 'application/json',
        'idempotency-key': 'k',
        'if-match': '"3"',
      },
    });
  });

  it('sends the fields of a GET as query and leaves out what is undefined', async () => {
    ok({ items: [], nextCursor: null });
    await new TollgateClient({ url }).call(tokensList, { org, limit: 5, search: 'a b&c', status: undefined });
    expect(last()).toMatchObject({ method: 'GET', url: `/v1/orgs/${org}/tokens?limit=5&search=a+b%26c`, body: '' });
    expect(last().headers).not.toHaveProperty('authorization');
  });

  it('asks the token provider each time', async () => {
    ok({});
    let asked = 0;
    const client = new TollgateClient({ url, tokenProvider: async () => `jwt-${++asked}` });
    await client.call(orgsGet, { org });
    await client.call(orgsGet, { org });
    expect(last().headers.authorization).toBe('Bearer jwt-2');
  });

  it('goes to the verifier for the data plane, and says so if it has no address', async () => {
    ok({ valid: true });
    await new TollgateClient({ url: 'http://127.0.0.1:1', verifierUrl: url }).call(tokensVerify, { token: 't' });
    expect(last().url).toBe('/v1/verify');
    await expect(new TollgateClient({ url }).call(tokensVerify, {})).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('verifierUrl'),
    });
  });

  it.each(['..', '.', ''])('refuses the id %j, which would lead to another route', async (id) => {
    const before = received.length;
    await expect(new TollgateClient({ url }).call(tokensRevoke, { org, tok: id })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      errors: [{ path: 'tok', message: expect.any(String) }],
    });
    expect(received).toHaveLength(before);
  });

  it('refuses operations that have no route', async () => {
    await expect(new TollgateClient({ url }).call(principalsResolve, { org, subject: 'x' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});

describe('a refusal', () => {
  it('is thrown with code, detail, errors, status and request id', async () => {
    answer = {
      status: 400,
      headers: { 'x-request-id': 'r1' },
      body: JSON.stringify({
        code: 'INVALID_INPUT',
        detail: 'Look.',
        errors: [{ path: 'name', message: 'is required' }],
      }),
    };
    const refused = new TollgateClient({ url }).call(orgsCreate, {
      name: '',
      plan: 'pro',
      currency: 'EUR',
      timeZone: 'UTC',
    });
    await expect(refused).rejects.toMatchObject({
      name: 'TollgateError',
      code: 'INVALID_INPUT',
      message: 'Look.',
      errors: [{ path: 'name', message: 'is required' }],
      status: 400,
      requestId: 'r1',
    });
  });

  it.each([
    [503, '<html>', 'SERVICE_UNAVAILABLE'],
    [502, '', 'INTERNAL'],
  ])('of a proxy in between (%i) has a code too', async (status, body, code) => {
    answer = { status, body };
    await expect(new TollgateClient({ url }).call(orgsGet, { org })).rejects.toMatchObject({ code, status });
  });

  it('is SERVICE_UNAVAILABLE when nobody listens', async () => {
    const client = new TollgateClient({ url: 'http://127.0.0.1:1' });
    await expect(client.call(orgsGet, { org })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('http://127.0.0.1:1'),
    });
  });
});

describe('namespaces', () => {
  it('have a typed method per operation, dashes as camel case', async () => {
    ok({ decisions: [] });
    const client = createClient({ url, verifierUrl: url });
    const { decisions } = await client.tokens.verifyBatch({ requests: [{ token: 'x' }] });
    expect(decisions).toEqual([]);
    expect(last()).toMatchObject({ url: '/v1/verify/batch', body: '{"requests":[{"token":"x"}]}' });
    // @ts-expect-error an input of another shape does not compile
    const wrong = client.tokens.get({ org });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    // @ts-expect-error operations between services are not part of the client
    expect(client.principals).toBeUndefined();
  });
});
