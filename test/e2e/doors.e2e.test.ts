import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let token: { id: string };
let secret: string;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  const created = await makeToken(acme);
  ({ token, secret } = created);
  must(200, await callers.verifier('POST', '/v1/verify', { token: secret, atLeast: created.position }));
}, 60_000);
afterAll(() => stack?.stop());

const bearing = (bearer: string, path: string, method = 'GET') =>
  request(stack.verifierUrl + path, method, undefined, { authorization: `Bearer ${bearer}` });

describe('the doors of the verifier', () => {
  it('lets a proxy ask, and says who the token is', async () => {
    const { status, headers } = await bearing(secret, `/v1/forward-auth;space=${acme.space.id}/api/agent-base`);
    expect(status).toBe(200);
    expect(headers.get('x-tollgate-token-id')).toBe(token.id);
    expect(headers.get('x-tollgate-org')).toBe(acme.org.id);
    expect(headers.get('x-tollgate-account')).toBe(acme.service.id);
    expect(headers.get('x-tollgate-scope')).toBe('multi-space');
    const upload = `?space=${acme.space.id}&resource=storage&operation=upload`;
    expect((await bearing(secret, `/v1/forward-auth${upload}`)).status).toBe(403);
    expect((await bearing('nothing of ours', '/v1/forward-auth')).status).toBe(401);
  });

  it('lets a call that costs through once its organization has paid, and not before', async () => {
    const cost = `/v1/forward-auth?costMicros=900`;
    // Balances come over the bus: a verifier that has just begun may not have heard of any.
    await eventually(async () => expect((await bearing(secret, cost)).status).toBe(402));
    const nginx = await bearing(secret, `${cost}&proxy=nginx`);
    expect([nginx.status, nginx.headers.get('x-tollgate-status')]).toEqual([403, '402']);
    const { position } = must(
      201,
      await callers.operator('POST', acme.at('/balance/top-ups'), { amountMicros: '1000', reference: 'invoice 1' }),
    );
    const decide = (costMicros: string) =>
      callers.verifier('POST', '/v1/verify', { token: secret, costMicros, atLeast: position });
    expect(must(200, await decide('900'))).toMatchObject({ valid: true });
    expect(must(200, await decide('9000'))).toMatchObject({ valid: false, code: 'INSUFFICIENT_BALANCE' });
  });

  it('tells a token who it is, by its names', async () => {
    expect(must(200, await bearing(secret, '/v1/whoami'))).toEqual({
      id: token.id,
      name: 'My Claude Connection',
      organization: { id: acme.org.id, name: 'Acme' },
      account: { id: acme.service.id, kind: 'service', name: 'n8n' },
      scope: { type: 'multi-space' },
      product: 'default',
      environment: 'live',
      expiresAt: null,
    });
  });

  it('introspects for services', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const introspect = (text: string) => callers.verifier('POST', '/v1/introspect', `token=${text}`, form);
    expect(must(200, await introspect(secret))).toMatchObject({ active: true, jti: token.id, org: acme.org.id });
    expect(must(200, await introspect('nothing'))).toEqual({ active: false });
  });

  it('tells the bearer of a revoked token what it tells any other, byte for byte', async () => {
    const other = await makeToken(acme);
    must(200, await acme.owner('POST', acme.at(`/tokens/${other.token.id}/revoke`), {}));
    for (const path of ['/v1/forward-auth', '/v1/whoami']) {
      const answers = await Promise.all(
        [other.secret, 'nothing of ours'].map((bearer) =>
          fetch(stack.verifierUrl + path, { headers: { authorization: `Bearer ${bearer}` } }).then((r) => r.text()),
        ),
      );
      expect(answers[0]).toContain('TOKEN_INVALID');
      expect(answers[0]).toBe(answers[1]);
    }
  });
});
